package main

import (
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/internal/chart"
)

// rendersAtOnce is how many charts are rendered at a time: each may take half a gigabyte.
const rendersAtOnce = 2

// renderer renders charts in processes of this program.
func renderer() *chart.Process {
	self := "/proc/self/exe" // this very program, also when another one has been put in its place
	if runtime.GOOS != "linux" {
		self, _ = os.Executable() // without it rendering fails, and says so
	}
	return &chart.Process{
		Path: self, Args: []string{"pratique", "render"}, Within: 30 * time.Second, Places: make(chan struct{}, rendersAtOnce),
	}
}

// newRender is what a server starts to render the templates of a chart: strangers wrote them, and they are programs. It is not for people.
func newRender() *cobra.Command {
	return &cobra.Command{
		Use:    "render",
		Short:  "Render a chart for a server",
		Long:   "Render the chart that comes on the standard input. A server starts this for itself.",
		Hidden: true,
		Args:   arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return chart.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}
