"""An EVM chain inside this process whose blocks are sealed by QBFT validators."""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address
from hexbytes import HexBytes
from web3 import Web3
from web3.middleware import AttributeDictMiddleware, ExtraDataToPOAMiddleware, ValidationMiddleware
from web3.types import TxReceipt

from chains.blocks import Block, Transaction
from chains.clock import Clock, VirtualClock
from chains.errors import ChainHalted, Reason, Rejected, TransactionReverted
from chains.evm import BlockContext, Evm, Execution, Outcome, decode_transaction
from chains.finality import Depth, FinalityPolicy, QbftFinal
from chains.headers import SealedHeader
from chains.ledger import Included, Ledger
from chains.pool import Pool
from chains.proofs import AccountProof, StorageProof
from chains.proposals import GENESIS_BASE_FEE, draft_header, next_base_fee
from chains.provider import LocalProvider
from chains.reverts import decode_revert
from chains.rpc import EthApi
from chains.store import ChainConstants, ChainFile, NodeStore
from chains.validators import Validator, ValidatorSet, collect_seals
from chains.web3_chain import Web3Chain

GAS_LIMIT = 60_000_000
"""Room for batches of 120 kB of calldata, which cost 40 gas a byte at Prague's floor."""


class LocalChain(Web3Chain):
    """A py-evm chain (Prague) with its own chain id, Besu QBFT seals, storage proofs, finality and a given clock.

    Blocks are mined only when `mine` or `wait` is called. The same arguments and calls give the same block hashes.
    chain_id: enforced on every transaction. validators: how many, or which. seed: of the validators' keys and of each
    block's randomness. balances: wei by address in the genesis block. database_path: a new file to keep the chain in.
    """

    def __init__(  # noqa: PLR0913 - every argument but the first two has a default
        self,
        *,
        chain_id: int,
        clock: Clock,
        name: str | None = None,
        validators: int | Sequence[Validator] = 4,
        seed: int = 1,
        balances: Mapping[str, int] | None = None,
        finality: FinalityPolicy | None = None,
        gas_limit: int = GAS_LIMIT,
        database_path: Path | str | None = None,
    ) -> None:
        constants = ChainConstants(
            chain_id=chain_id,
            name=name or f"chain-{chain_id}",
            seed=seed,
            gas_limit=gas_limit,
            finality_depth=finality.blocks if isinstance(finality, Depth) else 0,
        )
        members = (
            ValidatorSet.derived(validators, chain_id=chain_id, seed=seed)
            if isinstance(validators, int)
            else ValidatorSet(validators)
        )
        chain_file = None if database_path is None else ChainFile.create(Path(database_path), constants)
        self._assemble(constants, clock, finality or QbftFinal(), chain_file)
        self._validators: ValidatorSet | None = members
        accounts = [(to_canonical_address(address), wei) for address, wei in sorted((balances or {}).items())]
        context = self._genesis_context()
        execution = self.evm.genesis(context, accounts)
        genesis = draft_header(context, bytes(32), execution, validators=self.validators.addresses, round_number=0)
        self._append(genesis, execution, ())

    @classmethod
    def open(cls, database_path: Path | str) -> Self:
        """Read a kept chain back: everything that can be asked still can, nothing can be sent or mined."""
        chain_file = ChainFile.open(Path(database_path))
        constants = chain_file.constants
        depth = constants.finality_depth
        chain = cls.__new__(cls)
        clock = VirtualClock(0)
        chain._assemble(constants, clock, Depth(depth) if depth else QbftFinal(), chain_file)  # noqa: SLF001 - its own class
        chain._validators = None  # noqa: SLF001 - nobody left to seal
        for block in chain_file.blocks():
            chain.ledger.append(block)
        clock.advance(chain.head().timestamp)
        return chain

    def _assemble(
        self,
        constants: ChainConstants,
        clock: Clock,
        finality: FinalityPolicy,
        chain_file: ChainFile | None,
        nodes: NodeStore | None = None,
    ) -> None:
        self.chain_id = constants.chain_id
        self.name = constants.name
        self.seed = constants.seed
        self.gas_limit = constants.gas_limit
        self.clock = clock
        self.finality = finality
        self.ledger = Ledger()
        self.pool = Pool(chain_id=self.chain_id, gas_limit=self.gas_limit)
        self.censors: Callable[[Transaction], bool] | None = None
        self.orders: Callable[[Sequence[Transaction]], Sequence[Transaction]] | None = None
        self.fee_floor = 0
        self._pending: tuple[Any, Evm, bytes] | None = None
        self._branch = 0
        self._sealed_height = 0
        self._file = chain_file
        self._nodes = NodeStore(chain_file) if nodes is None else nodes
        self.evm = Evm(self._nodes, self.chain_id)
        self._sets: dict[int, ValidatorSet] = {}
        self._failures: dict[bytes, Outcome] = {}
        self._dropped: dict[bytes, str] = {}
        self.api = EthApi(self)
        self.w3 = Web3(
            LocalProvider(self.api),
            middleware=[
                (AttributeDictMiddleware, "attrdict"),
                (ValidationMiddleware, "validation"),
                (ExtraDataToPOAMiddleware, "extra_data"),
            ],
        )

    # Reading

    def head(self) -> SealedHeader:
        """The newest header, without seals while it is not final."""
        return self.ledger.head.header

    def header(self, number: int) -> SealedHeader:
        """The header at a height, without seals while it is not final; raises Rejected(UnknownBlock)."""
        return self.ledger.block(number).header

    def finalized_header(self) -> SealedHeader:
        """The newest final header: sealed, unless it is the genesis block, which nobody seals."""
        return self.header(self._final_height())

    def get_proof(self, address: str | bytes, slots: Sequence[int], block_number: int) -> AccountProof:
        """The account and these storage slots at a block, with proofs; raises Rejected(UnknownBlock)."""
        root = self.header(block_number).state_root
        account_address = to_canonical_address(address)
        account = self.evm.account(root, account_address)
        return AccountProof(
            address=account_address,
            account_nodes=self.evm.prove(root, keccak(account_address)),
            storage_hash=account.storage_root,
            storage=tuple(
                StorageProof(
                    slot=slot,
                    value=self.evm.storage(root, account_address, slot),
                    nodes=self.evm.prove(account.storage_root, keccak(slot.to_bytes(32, "big"))),
                )
                for slot in slots
            ),
            nonce=account.nonce,
            balance=account.balance,
            code_hash=account.code_hash,
        )

    def balance(self, address: str | bytes) -> int:
        """Wei of an account at the head."""
        return self.evm.account(self.head().state_root, to_canonical_address(address)).balance

    # Transactions

    def submit(self, raw: bytes) -> bytes:
        """Take a signed transaction into the pool and answer its hash; raises Rejected when it can never be mined."""
        self._require_validators()
        transaction = decode_transaction(raw)
        if self.ledger.find_transaction(transaction.hash) is None:
            sender = self.evm.account(self.head().state_root, transaction.sender)
            self.pool.add(transaction, sender, self.next_base_fee())
        return transaction.hash

    def wait(self, transaction_hash: bytes) -> TxReceipt:
        """The receipt, mining blocks while the transaction is pending.

        Raises TransactionReverted with the decoded error, Rejected(UnknownTransaction), Rejected(TransactionDropped) or
        ChainHalted.
        """
        key = bytes(transaction_hash)
        while (included := self.ledger.find_transaction(key)) is None:
            if key in self._dropped:
                raise Rejected(Reason.TRANSACTION_DROPPED, self._dropped[key])
            if key not in self.pool:
                raise Rejected(Reason.UNKNOWN_TRANSACTION, f"0x{key.hex()}")
            self.mine()
        if not included.receipt.succeeded:
            raise self._failure(included)
        return self.w3.eth.get_transaction_receipt(HexBytes(key))

    def next_nonce(self, sender: bytes) -> int:
        """The sender's nonce after everything mined and pending."""
        return self.pool.next_nonce(sender, self.evm.account(self.head().state_root, sender).nonce)

    def next_base_fee(self) -> int:
        """Wei per gas that the next block burns; `fee_floor` stands for the crowd of a busy time."""
        return max(next_base_fee(self.head()), self.fee_floor)

    def _failure(self, included: Included) -> TransactionReverted:
        key = included.transaction.hash
        outcome = self._failures.get(key) or self._replay(included).failures[key]
        if outcome.error != "Revert":
            return TransactionReverted(str(outcome.error), (), error=f"{outcome.error}()")
        return decode_revert(outcome.output).as_error()

    def _replay(self, included: Included) -> Execution:
        """Run a block again up to and with a transaction, for a chain that was reopened."""
        number = included.block.header.number
        transactions = included.block.transactions[: included.index + 1]
        return self.evm.execute(self.context_of(number), self.header(number - 1).state_root, transactions)

    def _next_nonce(self, sender: bytes) -> int:
        return self.next_nonce(sender)

    def _base_fee(self) -> int:
        return self.next_base_fee()

    def _submit(self, raw: bytes) -> bytes:
        return self.submit(raw)

    # Blocks

    @property
    def validators(self) -> ValidatorSet:
        """Who seals the next block; raises Rejected(ReadOnly) on a reopened chain."""
        return self._require_validators()

    def rotate(self, validators: Sequence[Validator]) -> None:
        """Hand over to another set, which the next block names and seals itself by."""
        self._require_validators()
        self._validators = ValidatorSet(validators)

    def mine(self, *, round: int = 0) -> SealedHeader:  # noqa: A002 - the protocol's own word
        """Mine one block from the pool, empty if nothing waits, and answer its header.

        round: the first round to try; a later one follows while a proposer is offline or too few validators sign.
        Raises ChainHalted, with nothing changed, when no quorum is online.
        """
        validators = self._require_validators()
        number = self.ledger.height + 1
        if len(validators.online) < validators.quorum:
            raise ChainHalted(online=len(validators.online), needed=validators.quorum)
        sealed = [self._seal_at(height) for height in self._newly_final(number)]
        for attempt in range(round, round + len(validators)):
            proposer = validators.proposer(number, attempt)
            if not proposer.online:
                continue
            context = self.next_context(proposer.address)
            transactions, censored = self._chosen()
            execution = self.evm.execute(context, self.head().state_root, transactions)
            header = draft_header(
                context, self.head().hash, execution, validators=validators.addresses, round_number=attempt
            )
            if self.finality.finalized_height(number) == number:
                header = header.with_seals(collect_seals(header, validators.validators))
                if len(header.seals) < validators.quorum:
                    continue
            self._adopt(header, execution, validators, sealed, censored)
            return header
        raise ChainHalted(online=len(validators.online), needed=validators.quorum)

    def pending_state(self, context: BlockContext) -> tuple[Evm, bytes]:
        """The machine and the state root that a block of everything in the pool would lead to; nothing is kept."""
        head, waiting = self.head(), self.pool.transactions
        if not waiting:
            return self.evm, head.state_root
        asked = (head.hash, context.timestamp, context.base_fee, tuple(transaction.hash for transaction in waiting))
        if self._pending is None or self._pending[0] != asked:
            machine = Evm(ChainMap({}, self._nodes), self.chain_id)
            machine.machine = self.evm.machine
            self._pending = asked, machine, machine.execute(context, head.state_root, waiting).state_root
        return self._pending[1:]

    def next_context(self, coinbase: bytes | None = None) -> BlockContext:
        """What the next block's transactions would see if it were mined now."""
        number = self.ledger.height + 1
        return BlockContext(
            chain_id=self.chain_id,
            number=number,
            timestamp=max(self.head().timestamp + 1, self.clock.now()),
            coinbase=self.head().coinbase if coinbase is None else coinbase,
            mix_hash=self._mix_hash(number),
            gas_limit=self.gas_limit,
            base_fee=self.next_base_fee(),
            ancestors=self.ledger.ancestors(number),
        )

    def context_of(self, number: int) -> BlockContext:
        """What the transactions of a mined block saw."""
        header = self.header(number)
        return BlockContext(
            chain_id=self.chain_id,
            number=number,
            timestamp=header.timestamp,
            coinbase=header.coinbase,
            mix_hash=header.fields[13],
            gas_limit=self.gas_limit,
            base_fee=header.base_fee,
            ancestors=self.ledger.ancestors(number),
        )

    def close(self) -> None:
        """Let go of the database file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # Misbehaviour on demand

    def seal(self, header: SealedHeader, validators: Sequence[Validator]) -> SealedHeader:
        """Ask these validators for their seals; raises what the first that refuses raises."""
        return header.with_seals(validator.seal(header) for validator in validators)

    def forge(
        self,
        number: int,
        *,
        signers: Sequence[Validator],
        state_root: bytes | None = None,
        timestamp: int | None = None,
        round: int | None = None,  # noqa: A002 - the protocol's own word
    ) -> SealedHeader:
        """A header that conflicts with the one at a height, sealed by those who agree to equivocate.

        state_root: 32 bytes, an arbitrary one where none is given. Raises Rejected(DoubleSign) for an honest signer.
        """
        draft = self.header(number).altered(
            state_root=keccak(self._mix_hash(number)) if state_root is None else state_root,
            timestamp=timestamp,
            round=round,
        )
        return self.seal(draft, signers)

    # What a laboratory does to a chain

    def fork(self, clock: Clock) -> Self:
        """An independent copy from here on, in memory: the same blocks, waiting transactions and validators' keys.

        Nothing is executed again, so a deployed network starts at once.
        """
        chain = type(self).__new__(type(self))
        constants = ChainConstants(
            chain_id=self.chain_id,
            name=self.name,
            seed=self.seed,
            gas_limit=self.gas_limit,
            finality_depth=self.finality.blocks if isinstance(self.finality, Depth) else 0,
        )
        chain._assemble(constants, clock, self.finality, None, NodeStore(base=self._nodes))  # noqa: SLF001 - its own class
        chain.ledger = self.ledger.copy()
        chain.pool.put_first(self.pool.transactions)
        chain._branch = self._branch  # noqa: SLF001
        chain._sealed_height = self._sealed_height  # noqa: SLF001
        sets: dict[int, ValidatorSet] = {}
        members = self.validators
        for original in (*self._sets.values(), members):
            sets.setdefault(id(original), original.copy())
        chain._validators = sets[id(members)]  # noqa: SLF001
        chain._sets = {height: sets[id(original)] for height, original in self._sets.items()}  # noqa: SLF001
        chain._failures = dict(self._failures)  # noqa: SLF001
        chain._dropped = dict(self._dropped)  # noqa: SLF001
        return chain

    def reorganise(self, depth: int, keeps: Callable[[Transaction], bool] = lambda _: True) -> list[Block]:
        """Take off the newest blocks, none of them final; answers them, the lowest first.

        Their transactions wait for the next block again, but for those that `keeps` refuses, which are forgotten.
        Raises Rejected(FinalityViolated) where a block of these is final, Rejected(ReadOnly) where the chain is kept in
        a file.
        """
        self._require_validators()
        if self._file is not None:
            raise Rejected(Reason.READ_ONLY, f"{self.name} is kept in a file, block by block")
        height = self.ledger.height - depth
        if depth < 1 or height < self._final_height():
            raise Rejected(Reason.FINALITY_VIOLATED, f"{depth} blocks, final up to {self._final_height()}")
        removed = self.ledger.truncate(height)
        self._validators = self._sets[height + 1]
        for block in removed:
            del self._sets[block.header.number]
        self.pool.put_first(one for block in removed for one in block.transactions if keeps(one))
        self._branch += 1
        return removed

    def diverge(self) -> None:
        """Have the next blocks differ from those that a fork of the same chain makes of the same transactions."""
        self._branch += 1

    # Inside

    def _chosen(self) -> tuple[Sequence[Transaction], Sequence[Transaction]]:
        """What the proposer tries to include, and what it leaves out on purpose, senders' later ones with it."""
        waiting = self.pool.transactions if self.orders is None else self.orders(self.pool.transactions)
        if self.censors is None:
            return waiting, ()
        barred: set[bytes] = set()
        chosen: list[Transaction] = []
        censored: list[Transaction] = []
        for transaction in waiting:
            if transaction.sender in barred or self.censors(transaction):
                barred.add(transaction.sender)
                censored.append(transaction)
            else:
                chosen.append(transaction)
        return chosen, censored

    def _require_validators(self) -> ValidatorSet:
        if self._validators is None:
            raise Rejected(Reason.READ_ONLY, f"{self.name} was reopened for reading")
        return self._validators

    def _mix_hash(self, number: int) -> bytes:
        branch = f"/{self._branch}" if self._branch else ""
        return keccak(f"randomness/{self.seed}/{self.chain_id}/{number}{branch}".encode())

    def _final_height(self) -> int:
        """The policy's, unless a reorganisation just made the chain shorter: what was final stays so."""
        return max(self.finality.finalized_height(self.ledger.height), self._sealed_height)

    def _newly_final(self, number: int) -> range:
        """Mined heights that become final, and have to be sealed, when a block at this height is mined."""
        return range(self._sealed_height + 1, min(self.finality.finalized_height(number), number - 1) + 1)

    def _seal_at(self, height: int) -> SealedHeader:
        members, header = self._sets[height], self.header(height)
        sealed = header.with_seals(collect_seals(header, members.validators))
        if len(sealed.seals) < members.quorum:
            raise ChainHalted(online=len(sealed.seals), needed=members.quorum)
        return sealed

    def _genesis_context(self) -> BlockContext:
        return BlockContext(
            chain_id=self.chain_id,
            number=0,
            timestamp=self.clock.now(),
            coinbase=bytes(20),
            mix_hash=self._mix_hash(0),
            gas_limit=self.gas_limit,
            base_fee=GENESIS_BASE_FEE,
        )

    def _adopt(
        self,
        header: SealedHeader,
        execution: Execution,
        validators: ValidatorSet,
        sealed: Sequence[SealedHeader],
        censored: Sequence[Transaction],
    ) -> None:
        self._failures.update(execution.failures)
        self._dropped.update((transaction.hash, why) for transaction, why in execution.dropped)
        self._append(header, execution, sealed)
        self.pool.keep_only((*execution.deferred, *censored))
        if not header.seals:
            self._sets[header.number] = validators
        for earlier in sealed:
            self.ledger.attach_seals(earlier)
            del self._sets[earlier.number]
        final = header if header.seals else sealed[-1] if sealed else None
        self._sealed_height = self._sealed_height if final is None else final.number

    def _append(self, header: SealedHeader, execution: Execution, sealed: Sequence[SealedHeader]) -> None:
        block = Block(header=header, transactions=execution.transactions, receipts=execution.receipts)
        if self._file is not None:
            final = [header, *sealed] if header.seals else sealed
            self._file.commit(block, final, self._nodes.unsaved)
            self._nodes.mark_saved()
        self.ledger.append(block)
