// Package e2e plays the project's stories end to end: the built binary, a real Docker engine, and
// real clients. It holds tests alone.
package e2e
