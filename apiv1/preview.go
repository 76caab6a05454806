package apiv1

// Preview says who would gain and lose which operations by a list of changes.
type Preview struct {
	Rows     []PreviewRow `json:"rows"`
	Revision uint64       `json:"revision"`
	More     int          `json:"more,omitzero"` // principals that were not looked at
}

// PreviewRow is one principal. Operations are ids of the catalogue.
type PreviewRow struct {
	Kind      string   `json:"kind"` // user, role
	Principal string   `json:"principal"`
	Gains     []string `json:"gains,omitempty"`
	Loses     []string `json:"loses,omitempty"`
}
