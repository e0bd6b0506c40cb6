// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The two ways out of a vault. Each has a queue and a window of its own per asset.
enum Exit {
    None,
    Release, // a withdrawal that the settlement chain released
    Refund // a deposit that did not arrive
}

/// @notice What may leave per window by each way, in base units.
struct AssetLimits {
    address asset;
    uint96 releaseCap;
    uint96 refundCap;
}

enum ChangeKind {
    None,
    Limits, // first: asset; the caps; accepts the asset's deposits
    Retire, // first: asset; deposits are refused from then on, exits go on
    Peers, // first: forced queue, second: outbox
    Guardian // first: guardian
}

/// @notice A change of a vault's settings; what its kind does not use is zero.
struct Change {
    ChangeKind kind;
    address first;
    address second;
    uint96 releaseCap;
    uint96 refundCap;
}
