package cluster

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique/internal/kube"
)

// WebhookPath is where kube-apiservers ask; the id of the cluster follows.
const WebhookPath = "/webhook/authorize/"

// EnforcementParams is what the files are made from that make a kube-apiserver ask Pratique.
type EnforcementParams struct {
	URL            string // of Pratique, as the kube-apiserver reaches it; also the issuer of tokens
	DiscoveryURL   string // of the issuer's keys, when they are fetched from elsewhere; usually empty
	CA             []byte // PEM: the authority of Pratique's certificate
	Cluster        string // id; the audience of tokens
	Token          string // the credential of the cluster: authn.NewClusterSession
	KubeconfigPath string // where the kube-apiserver finds WebhookKubeconfig
}

// Enforcement is three files for a kube-apiserver. The last one holds a secret.
type Enforcement struct {
	Authentication    []byte // --authentication-config
	Authorization     []byte // --authorization-config
	WebhookKubeconfig []byte // at EnforcementParams.KubeconfigPath
}

// Life of what a kube-apiserver remembers of our answers. Requests are remembered one by one, with name and session, so that much longer
// lives would save little; these are what a revocation waits for at most. An allow is only ever said to administrators.
const (
	authorizedTTL   = "10s"
	unauthorizedTTL = "5s"
	webhookTimeout  = "2s"
)

// longestToken, in seconds, is what a kube-apiserver accepts: ours live for ten minutes, and a clock may be off.
const longestToken = 900

// discovery are the paths that Kubernetes shows to everybody who is signed in (its ClusterRole system:discovery).
const discovery = `^/(api|apis|openapi|version|healthz|livez|readyz)(/.*)?$`

// EnforcementFiles writes them. It is pure: the same parameters give the same bytes. The error wraps pratique.ErrInvalid.
//
// The order of the authorizers is the point: ours first, or RBAC would have allowed before our deny is heard; failurePolicy Deny, or the deny
// would vanish whenever we do not answer. Both reach nobody but our own identities, by the prefix of their names, so that nodes,
// controllers and service accounts never depend on us.
//
// Of those identities everything comes to us, paths that are no resources too: /metrics and /logs say much, and a session that has ended
// must not read them. Only the reading of discovery stays with RBAC: it says the same to everybody, holds nothing of what is in
// the cluster, and kubectl asks for dozens of such paths before each first command.
func EnforcementFiles(p EnforcementParams) (Enforcement, error) {
	if err := p.check(); err != nil {
		return Enforcement{}, err
	}
	return Enforcement{Authentication: p.authentication(), Authorization: p.authorization(), WebhookKubeconfig: p.kubeconfig()}, nil
}

func (p *EnforcementParams) check() error {
	for name, text := range map[string]string{"URL": p.URL, "DiscoveryURL": p.DiscoveryURL} {
		if name == "DiscoveryURL" && text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return invalid("", "%s must be an https address, and is %q", name, text)
		}
	}
	switch {
	case p.URL == p.DiscoveryURL:
		return invalid("leave DiscoveryURL empty", "DiscoveryURL is URL")
	case p.Cluster == "" || p.Token == "" || len(bytes.TrimSpace(p.CA)) == 0:
		return invalid("", "Cluster, Token and CA must be set")
	case p.KubeconfigPath != "" && !path.IsAbs(p.KubeconfigPath):
		return invalid("", "KubeconfigPath must be absolute, and is %q", p.KubeconfigPath)
	}
	return nil
}

func (p *EnforcementParams) authentication() []byte {
	mirror := ""
	if p.DiscoveryURL != "" {
		mirror = "\n    discoveryURL: " + quote(p.DiscoveryURL)
	}
	return fill(authenticationFile, map[string]string{
		"issuer": quote(p.URL), "mirror": mirror, "ca": indent(p.CA, "      "), "cluster": quote(p.Cluster),
		"longest": strconv.Itoa(longestToken), "prefix": kube.Prefix, "length": strconv.Itoa(len(kube.Prefix)),
		"session": kube.ExtraSession, "name": kube.ExtraName,
	})
}

const authenticationFile = `# Who people are in this cluster: those with a token that Pratique has signed for it.
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: ${issuer}${mirror}
    certificateAuthority: |
${ca}    audiences: [${cluster}]
  claimValidationRules:
  - expression: "claims.exp - claims.nbf <= ${longest}"
    message: the token lives for too long
  - expression: "has(claims.session) && claims.session != ''"
    message: the token names no session
  claimMappings:
    username: {claim: sub, prefix: "${prefix}"}
    groups: {claim: groups, prefix: "${prefix}"}
    uid: {claim: sub}
    extra:
    - key: ${session}
      valueExpression: "claims.session"
    - key: ${name}
      valueExpression: "has(claims.name) ? claims.name : ''"
  userValidationRules:
  # What the prefix makes impossible, said again: nobody becomes a part of Kubernetes.
  - expression: "user.username.startsWith('${prefix}') && size(user.username) > ${length} && !user.username.startsWith('system:')"
    message: the user name is not one of Pratique's
  - expression: "!has(user.groups) || user.groups.all(group, group.startsWith('${prefix}') && !group.startsWith('system:'))"
    message: a group is not one of Pratique's
anonymous:
  enabled: true
  conditions: [{path: /livez}, {path: /readyz}, {path: /healthz}]
`

func (p *EnforcementParams) authorization() []byte {
	return fill(authorizationFile, map[string]string{
		"kubeconfig": quote(p.KubeconfigPath), "timeout": webhookTimeout, "authorized": authorizedTTL, "unauthorized": unauthorizedTTL,
		"prefix": kube.Prefix, "discovery": discovery,
	})
}

const authorizationFile = `# What people may do in this cluster: Pratique is asked first, then Kubernetes' own rules. Pratique is asked about its own identities alone.
apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- type: Webhook
  name: pratique
  webhook:
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: ${kubeconfig}}
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    timeout: ${timeout}
    authorizedTTL: ${authorized}
    unauthorizedTTL: ${unauthorized}
    failurePolicy: Deny
    matchConditions:
    - expression: "request.user.startsWith('${prefix}')"
    # Reading what kinds of objects there are stays here.
    - expression: "has(request.resourceAttributes) || request.nonResourceAttributes.verb != 'get' || !request.nonResourceAttributes.path.matches('${discovery}')"
- {type: Node, name: node}
- {type: RBAC, name: rbac}
`

func (p *EnforcementParams) kubeconfig() []byte {
	return fill(webhookFile, map[string]string{
		"server": quote(strings.TrimRight(p.URL, "/") + WebhookPath + url.PathEscape(p.Cluster)), "ca": quote(p.CA), "token": quote(p.Token),
	})
}

const webhookFile = `# How the kube-apiserver reaches Pratique. Keep it secret: the token is the cluster's.
apiVersion: v1
kind: Config
current-context: pratique
contexts:
- name: pratique
  context: {cluster: pratique, user: cluster}
clusters:
- name: pratique
  cluster:
    server: ${server}
    certificate-authority-data: ${ca}
users:
- name: cluster
  user: {token: ${token}}
`

// fill puts values in the places of ${names}.
func fill(template string, values map[string]string) []byte {
	return []byte(os.Expand(template, func(name string) string { return values[name] }))
}

// quote writes a string as JSON does, which is YAML for it too, and bytes in base64.
func quote[T string | []byte](v T) string {
	data, err := json.Marshal(v)
	if err != nil { // these always can be
		return `""`
	}
	return string(data)
}

func indent(text []byte, by string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(string(text)) + "\n") {
		b.WriteString(by + line)
	}
	return b.String()
}
