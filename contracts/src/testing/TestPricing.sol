// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Black76} from "../libraries/Black76.sol";
import {FixedMath} from "../libraries/FixedMath.sol";

/// @title Calls the pricing libraries on many arguments at once, for comparison with the exchange. For tests only.
contract TestPricing {
    /// @notice exp, ln, sqrt, mills, density or cdf (0 to 5) of each argument.
    function map(uint8 which, int256[] calldata arguments) external pure returns (int256[] memory results) {
        results = new int256[](arguments.length);
        for (uint256 i = 0; i < arguments.length; ++i) {
            int256 x = arguments[i];
            if (which == 0) results[i] = FixedMath.exp(x);
            else if (which == 1) results[i] = FixedMath.ln(x);
            else if (which == 2) results[i] = FixedMath.sqrt(x);
            else if (which == 3) results[i] = FixedMath.mills(x);
            else if (which == 4) results[i] = FixedMath.density(x);
            else results[i] = FixedMath.cdf(x);
        }
    }

    /// @notice Call, put, and the five sensitivities for (forward, strike, deviation, seconds, discount) each.
    function price(int256[5][] calldata options) external pure returns (int256[7][] memory results) {
        results = new int256[7][](options.length);
        for (uint256 i = 0; i < options.length; ++i) {
            int256[5] calldata option = options[i];
            (results[i][0], results[i][1]) = Black76.premiums(option[0], option[1], option[2], option[4]);
            Black76.Greeks memory greeks = Black76.greeks(option[0], option[1], option[2], option[3], option[4]);
            results[i][2] = greeks.callDelta;
            results[i][3] = greeks.putDelta;
            results[i][4] = greeks.gamma;
            results[i][5] = greeks.vega;
            results[i][6] = greeks.theta;
        }
    }

    /// @notice Variance, unclipped and clipped, at each log-moneyness.
    function variances(Black76.Smile calldata smile, int256[] calldata points)
        external
        pure
        returns (int256[2][] memory results)
    {
        results = new int256[2][](points.length);
        for (uint256 i = 0; i < points.length; ++i) {
            results[i] = [Black76.totalVariance(smile, points[i]), Black76.clippedVariance(smile, points[i])];
        }
    }

    /// @notice Deviations of (volatility, seconds) each.
    function deviations(int256[2][] calldata terms) external pure returns (int256[] memory results) {
        results = new int256[](terms.length);
        for (uint256 i = 0; i < terms.length; ++i) results[i] = Black76.deviation(terms[i][0], terms[i][1]);
    }

    /// @notice Gas of one pair of premiums.
    function premiumGas(int256 forward, int256 strike, int256 deviation_) external view returns (uint256 used) {
        used = gasleft();
        Black76.premiums(forward, strike, deviation_, FixedMath.E18);
        used -= gasleft();
    }
}
