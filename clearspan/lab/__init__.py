"""The failure lab: whole worlds of chains, daemons, users and faults that one seed decides, byte for byte."""
