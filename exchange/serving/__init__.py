"""The venue over HTTP: who speaks to the sequencer, what may be asked, and clients and followers in other processes."""
