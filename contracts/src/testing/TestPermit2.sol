// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";

/// @notice Signature transfers as Uniswap's Permit2 makes them: same domain, types and unordered nonces. For tests only.
contract TestPermit2 is IPermit2 {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    error SignatureExpired(uint256 deadline);
    error InvalidAmount(uint256 maximum);
    error InvalidNonce();
    error InvalidSigner();

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
    bytes32 private constant PERMISSIONS_TYPE = keccak256("TokenPermissions(address token,uint256 amount)");
    bytes32 private constant TRANSFER_TYPE = keccak256(
        "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)"
    );

    mapping(address owner => BitMaps.BitMap) private _used;

    function permitTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes calldata signature
    ) external override {
        require(block.timestamp <= permit.deadline, SignatureExpired(permit.deadline));
        require(transferDetails.requestedAmount <= permit.permitted.amount, InvalidAmount(permit.permitted.amount));
        require(!_used[owner].get(permit.nonce), InvalidNonce());
        _used[owner].set(permit.nonce);
        bytes32 permitted = keccak256(abi.encode(PERMISSIONS_TYPE, permit.permitted));
        bytes32 transfer = keccak256(abi.encode(TRANSFER_TYPE, permitted, msg.sender, permit.nonce, permit.deadline));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", DOMAIN_SEPARATOR(), transfer));
        require(SignatureChecker.isValidSignatureNow(owner, digest, signature), InvalidSigner());
        IERC20(permit.permitted.token).safeTransferFrom(owner, transferDetails.to, transferDetails.requestedAmount);
    }

    // solhint-disable-next-line func-name-mixedcase -- the name in Permit2
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("Permit2"), block.chainid, address(this)));
    }
}
