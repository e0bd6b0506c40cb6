// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A guardian may pause, and nothing else. A pause ends by itself; all pauses draw on one budget that refills evenly.
/// @dev In any T seconds at most `budget + (T + longest) * budget / refill` seconds are paused. Ending a pause early gives
/// nothing back.
interface IPauseBudget {
    error IsPaused(uint64 until);
    error OnlyGuardian(address caller);
    /// @notice Zero, or longer than one pause may be.
    error PauseOutOfRange(uint64 duration);
    /// @notice It would end no later than the present one.
    error PauseNotLonger(uint64 until);
    error PauseBudgetSpent(uint256 left);
    error NotPaused();
    error InvalidPauseParameters();

    event Paused(uint64 until);
    event Unpaused();
    event GuardianChanged(address guardian);

    /// @notice Pauses until `duration` seconds from now; while paused, prolongs to there.
    function pause(uint64 duration) external;

    /// @notice Ends the pause; by the guardian or the owner.
    function unpause() external;

    function guardian() external view returns (address);
    function isPaused() external view returns (bool);
    function pausedUntil() external view returns (uint64);

    /// @notice Seconds of pause that can be had now.
    function pauseBudget() external view returns (uint256);

    /// @notice The clock of timelocks: `block.timestamp` less all seconds paused so far.
    function unpausedTime() external view returns (uint64);
}
