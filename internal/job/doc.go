// Package job carries out what takes longer than a request may, and keeps a record of it that outlives the server.
//
//	Start → record: running → work, with progress ─┬→ record: succeeded, failed or cancelled
//	                                               └→ server ends: interrupted, by itself or by whoever finds the record silent
//
// The package owns the life of a job: its record, its time, its end. It does not know what a job does, and decides nothing: whoever starts
// one has decided on the operation, and the work goes through the Gate for whatever it writes.
//
// A running job is rewritten every 20 seconds. One that has not been for a minute is nobody's, and any server may end its record. An end is
// final: a server that was only slow finds it, and stops its work.
package job
