// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {FixedMath} from "./FixedMath.sol";

/// @title Black-76 premiums and sensitivities of European options on a forward, and the SVI smile
/// @notice The same numbers, bit for bit, as the exchange's `exchange/engine/pricing`; docs/protocol/pricing.md. Prices,
/// volatilities, deltas and the smile's parameters are times 1e18, deviations, variances and log-moneyness times 2^96.
library Black76 {
    using FixedMath for int256;

    int256 internal constant X96 = FixedMath.X96;
    int256 internal constant E18 = FixedMath.E18;
    int256 internal constant TAIL = FixedMath.TAIL;
    int256 internal constant YEAR_SECONDS = 31_536_000;
    int256 internal constant VARIANCE_CAP = 144 * X96;

    /// @notice Sensitivities of a call and a put at one strike.
    struct Greeks {
        int256 callDelta;
        int256 putDelta;
        int256 gamma;
        int256 vega;
        int256 theta;
    }

    /// @notice Raw SVI: w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)).
    struct Smile {
        int256 a;
        int256 b;
        int256 rho;
        int256 m;
        int256 sigma;
    }

    /// @notice Volatility times root of time, rounded down.
    function deviation(int256 volatility, int256 duration) internal pure returns (int256) {
        return (volatility * ((duration << 96) / YEAR_SECONDS).sqrt()) / E18;
    }

    /// @notice Premiums of a call and a put; forward and strike below 2^127, the discount at most 1e18.
    function premiums(int256 forward, int256 strike, int256 totalDeviation, int256 discount)
        internal
        pure
        returns (int256 call, int256 put)
    {
        if (forward <= strike) {
            call = _outOfTheMoney(forward, strike, totalDeviation);
            put = call + strike - forward;
        } else {
            put = _outOfTheMoney(strike, forward, totalDeviation);
            call = put + forward - strike;
        }
        call = (call * discount) / E18;
        put = (put * discount) / E18;
    }

    /// @notice Sensitivities; without forward, strike, deviation or time only deltas are not zero.
    function greeks(int256 forward, int256 strike, int256 totalDeviation, int256 duration, int256 discount)
        internal
        pure
        returns (Greeks memory result)
    {
        if (forward <= 0 || strike <= 0 || totalDeviation <= 0 || duration <= 0) {
            result.callDelta = forward > strike ? discount : int256(0);
            result.putDelta = result.callDelta - discount;
            return result;
        }
        int256 log = -moneyness(forward, strike);
        int256 d1 = (log << 96).divDown(totalDeviation) + (totalDeviation >> 1);
        result.callDelta = (d1.cdf() * discount) >> 96;
        result.putDelta = result.callDelta - discount;
        if (d1 < -TAIL || d1 > TAIL) return result;
        int256 weight = (((forward * d1.density()) >> 96) * discount) / E18;
        result.vega = (weight * ((duration << 96) / YEAR_SECONDS).sqrt()) >> 96;
        result.gamma = ((((weight << 96) / totalDeviation) * E18) / forward) * E18 / forward;
        result.theta = (((weight * totalDeviation) >> 97) * YEAR_SECONDS) / duration;
    }

    /// @notice ln(strike / forward) of two positive prices.
    function moneyness(int256 forward, int256 strike) internal pure returns (int256) {
        if (strike >= forward) return ((strike << 96) / forward).ln();
        return -((forward << 96) / strike).ln();
    }

    /// @notice Total variance at a log-moneyness, not clipped.
    function totalVariance(Smile memory smile, int256 k) internal pure returns (int256) {
        int256 offset = k - (smile.m << 96).divDown(E18);
        int256 spread = (smile.sigma << 96) / E18;
        int256 root = ((offset * offset + spread * spread) >> 96).sqrt();
        int256 tilted = (smile.rho * offset).divDown(E18) + root;
        return (smile.a << 96).divDown(E18) + (smile.b * tilted).divDown(E18);
    }

    /// @notice Total variance as it prices options: flat beyond four deviations at the vertex, and capped.
    function clippedVariance(Smile memory smile, int256 k) internal pure returns (int256) {
        int256 vertex = (smile.a << 96) + (smile.b * smile.sigma << 96) / E18;
        int256 limit = 4 * (vertex / E18).sqrt();
        int256 variance = totalVariance(smile, k < -limit ? -limit : k > limit ? limit : k);
        return variance < VARIANCE_CAP ? variance : VARIANCE_CAP;
    }

    /// @dev The call on `low` struck at `high`, which is also the put on `high` struck at `low`.
    function _outOfTheMoney(int256 low, int256 high, int256 totalDeviation) private pure returns (int256) {
        if (low <= 0 || totalDeviation <= 0) return 0;
        int256 centre = (((high << 96) / low).ln() << 96) / totalDeviation;
        int256 half = totalDeviation >> 1;
        int256 near = centre - half;
        int256 far = centre + half;
        if (near >= TAIL) return 0;
        if (near <= -TAIL) return low;
        int256 beyond = far < TAIL ? far.mills() : int256(0);
        int256 chance;
        if (near >= 0) {
            chance = (near.density() * (near.mills() - beyond)) >> 96;
        } else {
            chance = X96 - ((near.density() * ((-near).mills() + beyond)) >> 96);
            if (chance > X96) chance = X96;
        }
        if (chance < 0) chance = 0;
        return (low * chance) >> 96;
    }
}
