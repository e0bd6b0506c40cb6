"""The venue: state and transition function, rollup, sequencer, SDK."""
