package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

type addonPrecheck struct {
	*env
	cluster, version, settings string
	planned                    apiv1.NewPrechecks
	all                        bool
}

func newAddonPrecheck(e *env) *cobra.Command {
	p := addonPrecheck{env: e}
	cmd := &cobra.Command{
		Use:   "precheck NAME --cluster CLUSTER | --type TYPE | --all",
		Short: "Say what an add-on lacks in a cluster",
		Long: `Say what an add-on lacks: whether the role as which it acts is there, is trusted and may do what it needs, and
what you may not create or grant inside the cluster. The report is kept for an hour, with an id.

With --type the question is about a cluster that is not there yet, with --all about every cluster that it can
run in. A permission that only a setting brings is conditional until the setting is on, in the cluster or in a
file with --settings.

The exit code is 1 when something is missing.`,
		Example: `  pratique addon precheck mse-ingress-controller --cluster prod
  pratique addon precheck mse-ingress-controller --cluster prod --settings logging.yaml
  pratique addon precheck mse-ingress-controller --type acs --project local-1
  pratique addon precheck mse-ingress-controller --all`,
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	f := cmd.Flags()
	f.StringVar(&p.cluster, "cluster", "", "`NAME` of the cluster")
	f.StringVar(&p.planned.Type, "type", "", "`TYPE` of a cluster that is not there yet")
	f.StringVar(&p.planned.Project, "project", "", "with --type: `NAME` of its project")
	f.StringVar(&p.planned.EnterpriseProject, "enterprise-project", "", "with --type: `NAME` of its enterprise project")
	f.BoolVar(&p.all, "all", false, "every cluster that it can run in")
	f.StringVar(&p.version, "version", "", "`VERSION` of the add-on (default: the newest)")
	f.StringVar(&p.settings, "settings", "", "`FILE` with objects that will configure the add-on, - for the standard input")
	completeFlag(cmd, "type", clusterTypes)
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	out := formatFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0], out) }
	return cmd
}

func (p *addonPrecheck) run(cmd *cobra.Command, name string, out *format) error {
	chosen := 0
	for _, given := range []bool{p.cluster != "", p.planned.Type != "", p.all} {
		if given {
			chosen++
		}
	}
	if chosen != 1 {
		return usage("give one of --cluster NAME, --type TYPE and --all")
	}
	settings, err := p.readSettings()
	if err != nil {
		return err
	}
	c, err := p.connect()
	if err != nil {
		return err
	}
	reports, err := p.ask(cmd, c, name, settings)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	var answer any = apiv1.List[apiv1.Report]{Items: reports}
	if !p.all {
		answer = reports[0]
	}
	done, err := printAs(w, out, answer)
	switch {
	case done:
	case p.all:
		err = reportTable(w, reports)
	default:
		err = p.printReport(w, reports[0])
	}
	if err != nil {
		return err
	}
	for _, r := range reports {
		if !r.Passed {
			return errNo
		}
	}
	return nil
}

func (p *addonPrecheck) ask(cmd *cobra.Command, c *client.Client, name string, settings []jsontext.Value) ([]apiv1.Report, error) {
	body := apiv1.NewPrecheck{Version: p.version, Settings: settings}
	if p.cluster != "" {
		r, err := c.Precheck(cmd.Context(), p.cluster, name, body)
		return []apiv1.Report{r}, err
	}
	p.planned.NewPrecheck, p.planned.Addon, p.planned.Fleet = body, name, p.all
	reports, err := c.Prechecks(cmd.Context(), p.planned)
	if err == nil && len(reports) == 0 {
		err = fmt.Errorf("there is no cluster that %s can run in and that you may check", line(name))
	}
	return reports, err
}

// readSettings reads objects as kubectl would be given them.
func (p *addonPrecheck) readSettings() ([]jsontext.Value, error) {
	if p.settings == "" {
		return nil, nil
	}
	var data []byte
	var err error
	if p.settings == "-" {
		data, err = io.ReadAll(p.in)
	} else {
		data, err = os.ReadFile(p.settings)
	}
	if err != nil {
		return nil, err
	}
	var out []jsontext.Value
	for i, doc := range strings.Split("\n"+string(data), "\n---") {
		text, err := yaml.YAMLToJSONStrict([]byte(doc))
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", p.settings, i+1, err)
		}
		if string(text) != "null" {
			out = append(out, text)
		}
	}
	return out, nil
}

// printReport shows a report: what it comes to, and each thing that was looked at, with what to do about it.
func (e *env) printReport(w io.Writer, r apiv1.Report) error {
	result, colour := "Passed", green
	if !r.Passed {
		result, colour = "Failed", red
	}
	where := "a new cluster of type " + r.Type
	if r.ClusterID != "" {
		where = "cluster " + r.Cluster
	}
	_, _ = fmt.Fprintf(w, "%s: %s\n%s\n\n", line(r.Check), e.paint(colour, result), line(fmt.Sprintf("%s %s in %s, report %s", r.Addon, r.Version, where, orNone(r.ID))))
	var rows [][]string
	for _, i := range r.Items {
		rows = append(rows, []string{i.Item, i.NeededBy, i.Principal, string(i.Status), i.Error, i.Fix})
	}
	return table(w, []string{"ITEM", "NEEDED BY", "PRINCIPAL", "STATUS", "ERROR", "HOW TO FIX"}, rows)
}

func reportTable(w io.Writer, reports []apiv1.Report) error {
	var rows [][]string
	for _, r := range reports {
		result, missing := "passed", 0
		for _, i := range r.Items {
			if i.Status == pratique.ItemMissing {
				missing++
			}
		}
		if !r.Passed {
			result = "failed, " + plural(missing, "item") + " missing"
		}
		where := r.Cluster
		if r.ClusterID == "" {
			where = "(new) " + r.Cluster
		}
		rows = append(rows, []string{r.ID, r.Addon, r.Version, where, r.Type, result, clock(r.Expires)})
	}
	return table(w, []string{"REPORT", "ADD-ON", "VERSION", "CLUSTER", "TYPE", "RESULT", "EXPIRES"}, rows)
}
