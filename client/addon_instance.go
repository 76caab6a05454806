package client

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique/apiv1"
)

// ClusterAddons lists the add-ons of a cluster, with how their pods are.
func (c *Client) ClusterAddons(ctx context.Context, cluster string) ([]apiv1.AddonInstance, error) {
	var out apiv1.List[apiv1.AddonInstance]
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "addons"), answer: &out})
	return out.Items, err
}

// ClusterAddon shows an add-on of a cluster.
func (c *Client) ClusterAddon(ctx context.Context, cluster, addon string) (apiv1.AddonInstance, error) {
	var out apiv1.AddonInstance
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "addons", addon), answer: &out})
	return out, err
}

// InstallAddon installs an add-on. The answer is the job that does it; a ProblemError with a Report says what is missing.
func (c *Client) InstallAddon(ctx context.Context, cluster, addon string, in apiv1.InstallAddon) (apiv1.Job, error) {
	return c.addonJob(ctx, call{method: http.MethodPost, path: clusters(cluster, "addons", addon), body: in})
}

// UpgradeAddon moves an installed add-on to another version, or gives it another configuration.
func (c *Client) UpgradeAddon(ctx context.Context, cluster, addon string, in apiv1.InstallAddon) (apiv1.Job, error) {
	return c.addonJob(ctx, call{method: http.MethodPatch, path: clusters(cluster, "addons", addon), body: in})
}

// RedeployAddon restarts the pods of an add-on, one after the other.
func (c *Client) RedeployAddon(ctx context.Context, cluster, addon string) (apiv1.Job, error) {
	return c.addonJob(ctx, call{method: http.MethodPost, path: clusters(cluster, "addons", addon, "redeploy")})
}

// UninstallAddon takes an add-on out of a cluster, with what was granted to it.
func (c *Client) UninstallAddon(ctx context.Context, cluster, addon string) (apiv1.Job, error) {
	return c.addonJob(ctx, call{method: http.MethodDelete, path: clusters(cluster, "addons", addon)})
}

// AddonDoctor compares what an add-on needs, holds and has used.
func (c *Client) AddonDoctor(ctx context.Context, cluster, addon string) (apiv1.AddonDoctor, error) {
	var out apiv1.AddonDoctor
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "addons", addon, "doctor"), answer: &out})
	return out, err
}

func (c *Client) addonJob(ctx context.Context, k call) (apiv1.Job, error) {
	var out apiv1.Job
	k.answer = &out
	err := c.do(ctx, k)
	return out, err
}
