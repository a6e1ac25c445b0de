package store

// Sealer is a row that may hold values which only the data key opens.
type Sealer interface{ Sealed() bool }

// Sealed reports whether a row of any scope holds a sealed value.
func (s *Store) Sealed() (found bool) {
	st := s.visible.Load()
	for _, t := range tables {
		st.trees[t.slot].Scan(func(_ string, row any) bool {
			r, may := row.(Sealer)
			found = found || may && r.Sealed()
			return may && !found
		})
	}
	return found
}
