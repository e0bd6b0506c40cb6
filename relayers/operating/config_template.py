"""What `clearspan config init` writes: every section, with what it means."""

TEMPLATE = """\
# The relayer's configuration. Every key is checked: `clearspan config validate`.
# Paths are relative to this file. Secrets stay outside it: ${NAME} in a URL is read from the environment.
version = 1

# What `deploy_network` wrote: where every contract is.
deployment = "deployment.json"

[store]
url = "sqlite:///relayer.sqlite"      # or postgresql+psycopg://... for several replicas
replica = "one"                       # this process among those that share the database

[listen]
host = "127.0.0.1"                    # /live /ready /metrics /status; other machines reach it only if you say so
port = 9464

[log]
format = "auto"                       # pretty on a terminal, JSON elsewhere
level = "info"

# One table per chain. A majority of its endpoints, or `quorum` of them if that is more, must agree on everything money
# depends on; losing endpoints stops work on this chain and never lowers the quorum. Use independent operators' nodes.
[chains.settlement]
chain_id = 412001
finality = { policy = "qbft" }        # or { policy = "depth", blocks = 12 }, { policy = "tag", tag = "finalized" }
endpoints = [
    { id = "settlement-1", url = "http://127.0.0.1:8545" },
]

[chains.alpha]
chain_id = 412002
finality = { policy = "qbft" }
endpoints = [
    { id = "alpha-1", url = "http://127.0.0.1:8546" },
]

# One keystore per role, made by `clearspan keys add relayer`. Without password_file or password_env it is asked for.
[signers.relayer]
keystore = "keys/relayer.json"
password_env = "CLEARSPAN_RELAYER_PASSWORD"

# One entry per direction. Edit and `clearspan relayer reload`: no restart needed.
[[routes]]
source = "alpha"
destination = "settlement"

[[routes]]
source = "settlement"
destination = "alpha"

# Which daemons run. `signer` names one of the signers above, or several: signer = ["one", "two"].
[daemons.relayer]
signer = "relayer"
every_seconds = 1.0
# prompt: at once. balanced, thrifty: packets wait for others to share a transaction with.
options = { batching = "balanced" }

[daemons.updater]
signer = "relayer"
every_seconds = 2.0

[daemons.payer]
signer = "relayer"
every_seconds = 2.0

# Only for the daemons of the exchange: venue, oracle, poster, releaser, keeper, market-maker. Take it out otherwise.
[exchange]
url = "http://127.0.0.1:9470"         # traders; a venue of this process listens here
operators_url = "http://127.0.0.1:9471" # the poster; leave it on this machine
genesis = "deployment.json"           # the first state, and what is listed
log = "venue.sqlite"                  # the venue's own: keep it, and never copy it back
# operator = "0x..."                  # whose confirmations are believed

[retention]
keep_seconds = 2_592_000              # how long packets and transactions that are over are kept
rows = 500                            # of each table, taken out by a step

[limits]
allow_senders = []                    # carried whatever they pay
deny_senders = []                     # never carried

[limits.budget_wei_per_day]           # by chain; without an entry there is no limit
# alpha = 200_000_000_000_000_000

[limits.max_fee_wei_per_gas]
# alpha = 100_000_000_000

[limits.urgent_fee_wei_per_gas]       # what the cap rises to for a packet that is about to expire
# alpha = 400_000_000_000

[limits.profit]
required = false                      # true: a packet is carried when its fee covers minimum_share of the gas
minimum_share = 1.0

[readiness]
stalled_seconds = 120.0               # a daemon that is blocked longer makes /ready answer 503
head_age_seconds = 120.0              # so does a chain whose newest block is older
"""
