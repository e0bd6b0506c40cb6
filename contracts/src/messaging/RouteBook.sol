// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ILightClient} from "../interfaces/ILightClient.sol";
import {IRouteBook, Route} from "../interfaces/IRouteBook.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";

/// @title RouteBook
/// @notice See {IRouteBook}.
abstract contract RouteBook is IRouteBook, Ownable2Step {
    using AbiCalldata for bytes;

    /// @dev A {Route} in two words: the first is all that sending needs.
    struct Path {
        address peer;
        uint32 maxTimeout;
        uint32 maxPayload;
        uint32 maxGasLimit;
        ILightClient client;
        uint32 maxProofAge;
        uint64 closesAt;
    }

    /// @dev What sending asks first.
    struct Lane {
        uint32 epoch;
        bool disabled;
    }

    struct Proposal {
        bytes32 routeHash;
        uint64 readyAt;
        uint64 readyBlock;
        uint64 expiresAt;
    }

    uint256 private constant PROPOSAL_LIFETIME = 14 days;

    uint64 public immutable override routeDelayBlocks;

    address public override guardian;
    mapping(uint64 chainId => Lane) private _lanes;
    mapping(uint64 chainId => mapping(uint32 epoch => Path)) private _paths;
    mapping(uint64 chainId => Proposal) public override proposals;

    constructor(address guardian_, uint64 routeDelayBlocks_) {
        require(routeDelayBlocks_ != 0, InvalidDelay());
        routeDelayBlocks = routeDelayBlocks_;
        _setGuardian(guardian_);
    }

    /// @inheritdoc IRouteBook
    function addRoute(uint64 chainId, Route calldata route_) external override onlyOwner {
        require(_lanes[chainId].epoch == 0, RouteExists(chainId));
        _requireNext(chainId, route_);
        _install(chainId, route_);
    }

    /// @inheritdoc IRouteBook
    function proposeRoute(uint64 chainId, Route calldata route_) external override onlyOwner {
        Path storage path = _pathOf(chainId, _lanes[chainId].epoch);
        require(block.timestamp >= proposals[chainId].expiresAt, ProposalPending(chainId));
        _requireNext(chainId, route_);
        uint256 readyAt = block.timestamp + path.maxTimeout + path.maxProofAge;
        Proposal memory proposal = Proposal({
            routeHash: keccak256(abi.encode(route_)),
            readyAt: uint64(readyAt),
            readyBlock: uint64(block.number + routeDelayBlocks),
            expiresAt: uint64(readyAt + PROPOSAL_LIFETIME)
        });
        proposals[chainId] = proposal;
        emit RouteProposed(chainId, route_.epoch, route_, proposal.readyAt, proposal.readyBlock, proposal.expiresAt);
    }

    /// @inheritdoc IRouteBook
    function cancelRoute(uint64 chainId) external override {
        if (msg.sender != guardian) _checkOwner();
        bytes32 routeHash = proposals[chainId].routeHash;
        require(routeHash != 0, NotProposed(chainId));
        delete proposals[chainId];
        emit RouteCancelled(chainId, routeHash);
    }

    /// @inheritdoc IRouteBook
    function activateRoute(uint64 chainId, Route calldata route_) external override {
        Proposal memory proposal = proposals[chainId];
        require(proposal.routeHash == keccak256(abi.encode(route_)), NotProposed(chainId));
        require(block.timestamp >= proposal.readyAt, NotReady(proposal.readyAt, proposal.readyBlock));
        require(block.number >= proposal.readyBlock, NotReady(proposal.readyAt, proposal.readyBlock));
        require(block.timestamp < proposal.expiresAt, ProposalExpired(proposal.expiresAt));
        delete proposals[chainId];
        uint32 retired = route_.epoch - 1;
        Path storage path = _paths[chainId][retired];
        if (path.closesAt == 0) path.closesAt = uint64(block.timestamp + path.maxTimeout);
        emit RouteRetired(chainId, retired, path.closesAt);
        _install(chainId, route_);
    }

    /// @inheritdoc IRouteBook
    function disableRoute(uint64 chainId, uint32 epoch) external override {
        require(msg.sender == guardian, OnlyGuardian(msg.sender));
        Path storage path = _incoming(chainId, epoch);
        path.closesAt = uint64(block.timestamp);
        if (epoch == _lanes[chainId].epoch) _lanes[chainId].disabled = true;
        emit RouteDisabled(chainId, epoch);
    }

    /// @inheritdoc IRouteBook
    function setGuardian(address guardian_) external override onlyOwner {
        _setGuardian(guardian_);
    }

    /// @inheritdoc IRouteBook
    function route(uint64 chainId, uint32 epoch) external view override returns (Route memory) {
        Path memory path = _paths[chainId][epoch];
        return Route({
            client: path.client,
            peer: path.peer,
            epoch: path.peer == address(0) ? 0 : epoch,
            maxTimeout: path.maxTimeout,
            maxProofAge: path.maxProofAge,
            maxGasLimit: path.maxGasLimit,
            maxPayload: path.maxPayload
        });
    }

    /// @inheritdoc IRouteBook
    function latestEpoch(uint64 chainId) external view override returns (uint32) {
        return _lanes[chainId].epoch;
    }

    /// @inheritdoc IRouteBook
    function closesAt(uint64 chainId, uint32 epoch) external view override returns (uint64) {
        return _paths[chainId][epoch].closesAt;
    }

    /// @dev Where new packets to the chain go.
    function _outgoing(uint64 chainId) internal view returns (uint32 epoch, Path storage path) {
        Lane memory lane = _lanes[chainId];
        require(!lane.disabled, RouteClosed(chainId, lane.epoch));
        return (lane.epoch, _pathOf(chainId, lane.epoch));
    }

    /// @dev Where packets of an epoch come from, while they may.
    function _incoming(uint64 chainId, uint32 epoch) internal view returns (Path storage path) {
        path = _pathOf(chainId, epoch);
        require(path.closesAt == 0 || block.timestamp < path.closesAt, RouteClosed(chainId, epoch));
    }

    /// @dev Of any epoch there ever was; for what must always work.
    function _pathOf(uint64 chainId, uint32 epoch) internal view returns (Path storage path) {
        path = _paths[chainId][epoch];
        require(path.peer != address(0), UnknownRoute(chainId, epoch));
    }

    /// @dev The route's client decides; nothing of the caller's choosing takes part but the proof.
    function _verify(Path storage path, bytes32[] memory slots, bytes32[] memory values, bytes calldata proof)
        internal
        view
    {
        uint256 height = proof.wordAt(0);
        bytes calldata clientProof = proof.bytesAt(0, 32);
        // One encoding: the bytes follow at once, and nothing follows them.
        require(proof.wordAt(32) == 64 && height <= type(uint64).max, AbiCalldata.MalformedEncoding());
        require(proof.length == 96 + (clientProof.length + 31) / 32 * 32, AbiCalldata.MalformedEncoding());
        uint64 timestamp = path.client.verifyStorage(uint64(height), path.peer, slots, values, clientProof);
        require(uint256(timestamp) + path.maxProofAge >= block.timestamp, ProofTooOld(timestamp));
    }

    function _install(uint64 chainId, Route calldata route_) private {
        _lanes[chainId] = Lane({epoch: route_.epoch, disabled: false});
        _paths[chainId][route_.epoch] = Path({
            peer: route_.peer,
            maxTimeout: route_.maxTimeout,
            maxPayload: route_.maxPayload,
            maxGasLimit: route_.maxGasLimit,
            client: route_.client,
            maxProofAge: route_.maxProofAge,
            closesAt: 0
        });
        emit RouteAdded(chainId, route_.epoch, route_);
    }

    function _setGuardian(address guardian_) private {
        guardian = guardian_;
        emit GuardianChanged(guardian_);
    }

    function _requireNext(uint64 chainId, Route calldata route_) private view {
        require(chainId != 0 && chainId != block.chainid, InvalidRoute());
        require(route_.epoch == uint256(_lanes[chainId].epoch) + 1, InvalidRoute());
        require(address(route_.client).code.length != 0 && route_.peer != address(0), InvalidRoute());
        require(route_.maxTimeout != 0 && route_.maxProofAge != 0, InvalidRoute());
        require(route_.maxGasLimit != 0 && route_.maxPayload != 0, InvalidRoute());
    }
}
