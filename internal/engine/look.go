package engine

import "time"

// Look is a container as its engine describes it.
type Look struct {
	Name                       string // on the engine
	Image                      string // id of the image: sha256:…
	Created, Started, Finished time.Time
	Address                    string // in bridge mode, of its own network namespace
}
