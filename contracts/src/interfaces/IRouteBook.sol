// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "./ILightClient.sol";

/// @notice How packets of one remote chain are proven and bounded.
struct Route {
    ILightClient client;
    address peer;
    uint32 epoch;
    uint32 maxTimeout; // seconds from sending to deadline, also the default
    uint32 maxProofAge; // seconds from the proven header to now
    uint32 maxGasLimit; // gas of a recipient's call, also the default
    uint32 maxPayload; // bytes
}

/// @notice The routes of a mailbox, by chain and epoch. Packets are sent in the newest epoch only. An epoch that was replaced
/// receives until its `maxTimeout` has passed, and takes acknowledgements and expiries for ever.
interface IRouteBook {
    /// @notice There is no route to or from this chain in this epoch.
    error UnknownRoute(uint64 chainId, uint32 epoch);
    /// @notice The route was disabled, or was replaced so long ago that whatever it carried is late.
    error RouteClosed(uint64 chainId, uint32 epoch);
    /// @notice The proven header is older than the route allows.
    error ProofTooOld(uint64 timestamp);
    /// @notice A route with a zero or self-referring field, or another epoch than the next.
    error InvalidRoute();
    /// @notice The chain has a route, which only a proposal can replace.
    error RouteExists(uint64 chainId);
    /// @notice The chain has an unexpired proposal; it must be cancelled first.
    error ProposalPending(uint64 chainId);
    /// @notice This is not what was proposed, or nothing was.
    error NotProposed(uint64 chainId);
    /// @notice The proposal can be activated from this time and this block on, not before both.
    error NotReady(uint64 readyAt, uint64 readyBlock);
    /// @notice The proposal was not activated in time.
    error ProposalExpired(uint64 expiresAt);
    error OnlyGuardian(address caller);
    /// @notice A delay of no blocks at all.
    error InvalidDelay();

    event RouteAdded(uint64 indexed chainId, uint32 indexed epoch, Route route);
    event RouteProposed(
        uint64 indexed chainId, uint32 indexed epoch, Route route, uint64 readyAt, uint64 readyBlock, uint64 expiresAt
    );
    event RouteCancelled(uint64 indexed chainId, bytes32 routeHash);
    /// @notice The epoch takes no packets from `closesAt` on.
    event RouteRetired(uint64 indexed chainId, uint32 indexed epoch, uint64 closesAt);
    event RouteDisabled(uint64 indexed chainId, uint32 indexed epoch);
    event GuardianChanged(address indexed guardian);

    /// @notice Opens the first route to a chain, by the owner, at once. Its epoch is 1.
    function addRoute(uint64 chainId, Route calldata route) external;

    /// @notice Announces the route that is to replace the newest one, by the owner. It can be activated after as many seconds
    /// as a packet and its answer can take on the newest route, and after `routeDelayBlocks` blocks; for 14 days from then.
    function proposeRoute(uint64 chainId, Route calldata route) external;

    /// @notice Withdraws a proposal, by the owner or the guardian.
    function cancelRoute(uint64 chainId) external;

    /// @notice Makes the proposed route the newest one; anyone may call, once the delay has passed.
    function activateRoute(uint64 chainId, Route calldata route) external;

    /// @notice Ends sending and receiving in an epoch for good, by the guardian. Acknowledgements and expiries go on. Only a
    /// proposal brings the chain back.
    function disableRoute(uint64 chainId, uint32 epoch) external;

    /// @notice Names who may disable, by the owner; nobody if zero.
    function setGuardian(address guardian) external;

    /// @notice All zero where there is no such route.
    function route(uint64 chainId, uint32 epoch) external view returns (Route memory);

    /// @notice Newest epoch of the chain; 0 while there is no route.
    function latestEpoch(uint64 chainId) external view returns (uint32);

    /// @notice When the epoch stops, or stopped, to receive; 0 while it is open without end.
    function closesAt(uint64 chainId, uint32 epoch) external view returns (uint64);

    /// @notice The proposal of a chain, all zero where there is none. `routeHash` is `keccak256(abi.encode(route))`.
    function proposals(uint64 chainId)
        external
        view
        returns (bytes32 routeHash, uint64 readyAt, uint64 readyBlock, uint64 expiresAt);

    function guardian() external view returns (address);

    function routeDelayBlocks() external view returns (uint64);
}
