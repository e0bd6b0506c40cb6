// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Exponential, logarithm, square root and the normal distribution on integers
/// @notice The same numbers, bit for bit, as the exchange's `exchange/engine/pricing`; docs/protocol/pricing.md has methods
/// and error bounds. Unless said otherwise a value is a number times 2^96. Shifts of signed values round down, and so does
/// `divDown`; `/` is used only where nothing is negative.
library FixedMath {
    int256 internal constant X96 = 1 << 96;
    int256 internal constant E18 = 1e18;
    int256 internal constant EXP_MINIMUM = -67 * X96;
    int256 internal constant EXP_MAXIMUM = 80 * X96;
    int256 internal constant TAIL = 12 * X96;
    int256 internal constant LN_2 = 0xb17217f7d1cf79abc9e3b398;
    int256 internal constant INVERSE_SQRT_TWO_PI = 0x662114cf50d942343f2cf140;

    /// @notice The argument is outside the range for which the function is defined.
    error OutOfRange();

    /// @notice Quotient rounded towards minus infinity; the divisor is positive.
    function divDown(int256 dividend, int256 divisor) internal pure returns (int256 quotient) {
        quotient = dividend / divisor;
        if (dividend % divisor < 0) quotient -= 1;
    }

    /// @notice e^x; 0 below -67.
    function exp(int256 x) internal pure returns (int256) {
        if (x < EXP_MINIMUM) return 0;
        require(x <= EXP_MAXIMUM, OutOfRange());
        // |r| is below 2^95, every sum below 2^132 and the last dividend below 2^229.
        unchecked {
            int256 k = divDown(x + (LN_2 >> 1), LN_2);
            int256 r = x - k * LN_2;
            int256 s = (r * r) >> 96;
            int256 even = ((90 * s + 110_880 * X96) * s) >> 96;
            even = ((even + 30_270_240 * X96) * s) >> 96;
            even = ((even + 2_075_673_600 * X96) * s) >> 96;
            even += 17_643_225_600 * X96;
            int256 odd = ((s + 3_960 * X96) * s) >> 96;
            odd = ((odd + 2_162_160 * X96) * s) >> 96;
            odd = ((odd + 302_702_400 * X96) * s) >> 96;
            odd = ((odd + 8_821_612_800 * X96) * r) >> 96;
            int256 result = ((even + odd) << 96) / (even - odd);
            return k >= 0 ? result << uint256(k) : result >> uint256(-k);
        }
    }

    /// @notice Natural logarithm of x in (0, 2^224).
    function ln(int256 x) internal pure returns (int256) {
        require(x > 0 && x < (1 << 224), OutOfRange());
        int256 k = int256(Math.log2(uint256(x))) - 96;
        int256 m = k >= 0 ? x >> uint256(k) : x << uint256(-k);
        // m is below 2^97, so no product exceeds 2^194.
        unchecked {
            int256 y = k * LN_2;
            if (m >= 0x016a09e667f3bcc908b2fb1367) {
                m = (m * 0xb504f333f9de6484597d89b3) >> 96;
                y += 0x58b90bfbe8e7bcd5e4f1d9cc;
            }
            if (m >= 0x01306fe0a31b7152de8d5a4630) {
                m = (m * 0xd744fccad69d6af439a68bba) >> 96;
                y += 0x2c5c85fdf473de6af278ece6;
            }
            if (m >= 0x01172b83c7d517adcdf7c8c50f) {
                m = (m * 0xeac0c6e7dd24392ed02d75b3) >> 96;
                y += 0x162e42fefa39ef35793c7673;
            }
            if (m >= 0x010b5586cf9890f6298b92b718) {
                m = (m * 0xf5257d152486cc2c7b9d0c7b) >> 96;
                y += 0x0b17217f7d1cf79abc9e3b3a;
            }
            int256 z = divDown((m - X96) << 96, m + X96);
            int256 s = (z * z) >> 96;
            int256 p = 0x111111111111111111111111;
            p = ((p * s) >> 96) + 0x13b13b13b13b13b13b13b13b;
            p = ((p * s) >> 96) + 0x1745d1745d1745d1745d1746;
            p = ((p * s) >> 96) + 0x1c71c71c71c71c71c71c71c7;
            p = ((p * s) >> 96) + 0x249249249249249249249249;
            p = ((p * s) >> 96) + 0x333333333333333333333333;
            p = ((p * s) >> 96) + 0x555555555555555555555555;
            p = ((p * s) >> 96) + X96;
            return y + ((p * z) >> 95);
        }
    }

    /// @notice Square root, rounded down, of x in [0, 2^160).
    function sqrt(int256 x) internal pure returns (int256) {
        require(x >= 0 && x < (1 << 160), OutOfRange());
        return int256(Math.sqrt(uint256(x) << 96));
    }

    /// @notice Upper tail of the normal distribution over its density, for x in [0, TAIL].
    function mills(int256 x) internal pure returns (int256 p) {
        // |y| is at most 3/8 and no partial sum exceeds 2^99.
        unchecked {
            int256 y = (x << 96) / (x + 4 * X96) - 3 * (X96 >> 3);
            p = -0x4bc3d77167b0f6dc19c612;
            p = ((p * y) >> 96) + 0x1a14db06349a695ca5e65d;
            p = ((p * y) >> 96) + 0xc403af941abec8c28072f1;
            p = ((p * y) >> 96) + 0x3fd9d033c4b4888ab93d48;
            p = ((p * y) >> 96) - 0xd626bc13d4aa05b724cca1;
            p = ((p * y) >> 96) - 0xfc1c542d15b0a6c55a6ac2;
            p = ((p * y) >> 96) + 0x22fbd9108540f2f80806ad;
            p = ((p * y) >> 96) + 0x0168dff3c3e4feaa51e64aba;
            p = ((p * y) >> 96) + 0x012965c7c5f52c1fe31354f4;
            p = ((p * y) >> 96) - 0xe7da4867238a2ddd43ea69;
            p = ((p * y) >> 96) - 0x027cd142e27c4bb5bfe24c44;
            p = ((p * y) >> 96) - 0xc263570ec6ed62d121b6dd;
            p = ((p * y) >> 96) + 0x033256581ef36d41db11d423;
            p = ((p * y) >> 96) + 0x03912d1af3b7442c9ff41784;
            p = ((p * y) >> 96) - 0x02c976186dfbbe6166ac3912;
            p = ((p * y) >> 96) - 0x07b4dfb85e9b13771c48a986;
            p = ((p * y) >> 96) + 0xe9f1b238d51820f356954c;
            p = ((p * y) >> 96) + 0x0e8cfb341db19f129daf203a;
            p = ((p * y) >> 96) + 0x02734c119fb9bf648f9e5fbc;
            p = ((p * y) >> 96) - 0x1d7ec0adffb2ceb1063332be;
            p = ((p * y) >> 96) - 0x03c4c6fa37812d6fccf42431;
            p = ((p * y) >> 96) + 0x471d5ffdc6222f5f0a79ca68;
            p = ((p * y) >> 96) - 0x233855d823ffcaee97c1938e;
            p = ((p * y) >> 96) - 0xaa05fda61586a44c485fdad5;
            p = ((p * y) >> 96) + 0x01aab9a0a8457612a4447402f5;
            p = ((p * y) >> 96) - 0x022a20c512c14a2144a7f98eed;
            p = ((p * y) >> 96) + 0x01ea73e3bd78de28d8d3c086dd;
            p = ((p * y) >> 96) - 0x013e728ba63d86c1b620be0e1d;
            p = ((p * y) >> 96) + 0x5db5817bfc546ef38177cc1a;
        }
    }

    /// @notice exp(-x^2/2) / sqrt(2 pi), for x in [-TAIL, TAIL].
    function density(int256 x) internal pure returns (int256) {
        return (exp(-((x * x) >> 97)) * INVERSE_SQRT_TWO_PI) >> 96;
    }

    /// @notice Probability of a normal value up to x.
    function cdf(int256 x) internal pure returns (int256) {
        if (x < 0) return x < -TAIL ? int256(0) : (density(x) * mills(-x)) >> 96;
        return x > TAIL ? X96 : X96 - ((density(x) * mills(x)) >> 96);
    }
}
