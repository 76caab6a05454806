package job

import "time"

// Pace makes a runner fold and beat at other times than a server does.
func (r *Runner) Pace(fold, beat time.Duration) { r.pace = pace{fold, beat} }
