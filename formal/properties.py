"""What is proved of the contracts, and the broken variants that each proof has to refute."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One function of a proof contract. `twins` are names in contracts/twins.json or in formal/mutants.json.

    via_ir: for sources that the other pipeline does not compile.
    """

    name: str
    says: str
    contract: str
    function: str
    twins: tuple[str, ...]
    is_long: bool = False
    via_ir: bool = False


PROPERTIES = (
    Property(
        name="swap ends once",
        says="of a claim, a claim in a batch, a refund and an early refund, at most one ever succeeds",
        contract="SwapProof",
        function="check_aSwapEndsOnce",
        twins=("swap-ends-twice", "swap-batch-pays-twice"),
        is_long=True,
    ),
    Property(
        name="swap stages",
        says="a claim needs the preimage and a time before the deadline, a refund one from the deadline on, or consent",
        contract="SwapProof",
        function="check_claimsAndRefundsShareNoSecond",
        twins=("swap-claims-late", "swap-batch-claims-for-ever", "swap-refunds-early", "swap-needs-no-consent"),
    ),
    Property(
        name="swap all or nothing",
        says="a claim gives the payee the whole amount, a refund the locker, and what fails moves nothing",
        contract="SwapProof",
        function="check_allOrNothing",
        twins=("swap-pays-whoever-asks", "swap-batch-pays-whoever-asks"),
    ),
    Property(
        name="swap key used once",
        says="what has ended is never locked again",
        contract="SwapProof",
        function="check_aKeyIsUsedOnce",
        twins=("swap-key-used-twice",),
    ),
    Property(
        name="ledger books",
        says="from any state: settled <= released <= credited, and no credit above the net cap",
        contract="CreditBookProof",
        function="check_everyStepKeepsTheBook",
        twins=("ledger-no-net-cap", "ledger-releases-uncredited", "ledger-return-frees-room", "ledger-gives-back-paid"),
    ),
    Property(
        name="ledger callers",
        says="only the queue credits, only the outbox releases, settles and gives back",
        contract="ChainLedgerProof",
        function="check_onlyQueueAndOutboxKeepAccounts",
        twins=("ledger-anyone-credits", "ledger-anyone-releases"),
    ),
    Property(
        name="ledger window",
        says="two deposits at any times: no window takes more than its cap",
        contract="ChainLedgerProof",
        function="check_noWindowTakesMoreThanItsCap",
        twins=("ledger-no-window",),
    ),
    Property(
        name="ledger published loss",
        says="`maxLoss` is never below the cap nor below what is owed",
        contract="ChainLedgerProof",
        function="check_thePublishedLossIsNeverTooLow",
        twins=("ledger-understates-loss",),
    ),
    Property(
        name="ledger timelock",
        says="caps rise by a proposal and its delay of seconds and blocks, and fall to no less than a twentieth",
        contract="ChainLedgerProof",
        function="check_capsRiseOnlyAfterTheirDelay",
        twins=("ledger-caps-rise-at-once", "ledger-delay-of-seconds-alone", "ledger-no-floor"),
        is_long=True,
    ),
    Property(
        name="window",
        says="three amounts at any times: no window of the limiter lets out more than its cap",
        contract="WindowProof",
        function="check_threeAmounts",
        twins=("window-forgets-early",),
        is_long=True,
    ),
    Property(
        name="packet ids",
        says="two packets of one id are equal in every field (payloads of 0, 1, 32 and 33 bytes)",
        contract="PacketProof",
        function="check_anIdIsOfOnePacket",
        twins=("packet-id-of-few-fields",),
        is_long=True,
    ),
    Property(
        name="packet receipts",
        says="a receipt is of one packet, status, answer and payee",
        contract="PacketProof",
        function="check_aReceiptIsOfOneAnswer",
        twins=("packet-receipt-without-status",),
    ),
    Property(
        name="packet payloads",
        says="a deposit decodes to what was encoded, and is no release",
        contract="PacketProof",
        function="check_aDepositIsNoRelease",
        twins=("packet-one-kind",),
    ),
    Property(
        name="trie leaf",
        says="a leaf taken for a key hashes to the root and is the one encoding of key and value: no byte is free",
        contract="TrieProof",
        function="check_aLeafHasNoFreeByte",
        twins=("trie-unbound-node", "trie-loose-path"),
        via_ir=True,
    ),
    Property(
        name="vault pending deposits",
        says="what is in flight pays no release; no ether is made or lost",
        contract="VaultProof",
        function="check_aPendingDepositPaysNobody",
        twins=("vault-pays-with-deposits",),
        via_ir=True,
    ),
    Property(
        name="vault releases",
        says="two releases get what is due at most, in their order; no ether is made or lost",
        contract="VaultProof",
        function="check_releasesPayWhatIsDue",
        twins=("vault-counts-forced-ether",),
        is_long=True,
        via_ir=True,
    ),
    Property(
        name="vault pays once",
        says="a release paid in two parts out of two deposits is paid once",
        contract="VaultProof",
        function="check_nobodyIsPaidTwice",
        twins=("vault-pays-twice",),
        is_long=True,
        via_ir=True,
    ),
    Property(
        name="vault refunds",
        says="a deposit that failed is refunded whole, and pays no release",
        contract="VaultProof",
        function="check_aRefundIsTheDeposit",
        twins=("vault-pays-with-deposits",),
        is_long=True,
        via_ir=True,
    ),
)
