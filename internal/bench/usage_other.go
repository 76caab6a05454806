//go:build !linux

package main

// Elsewhere wall-clock times must do.

func used() float64 { return 0 }

func selfSeconds() float64 { return 0 }

func processSeconds(int) float64 { return 0 }

func threadSeconds() float64 { return 0 }

func busySeconds() float64 { return -1 }

func resident() (own, mapped, peak float64) { return 0, 0, 0 }
