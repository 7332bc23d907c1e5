//! Canonical form of numbers as decimals of any size.
//!
//! `1`, `1.0` and `10e-1` are one number, `1e400` and `1e401` are two.

/// Appends the canonical form of `number`, a number of the JSON grammar, to `out`.
///
/// Two numbers have the same form if and only if they denote the same decimal value. The form is `0`, or a
/// sign, the digits without leading and trailing zeros, `e` and the exponent of the digits read as a fraction
/// `0.d…`. Takes time linear in the length of the text, whatever the exponent.
pub(super) fn write_canonical(number: &str, out: &mut Vec<u8>) {
    let (negative, number) = strip_minus(number);
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

    let digits = || whole.bytes().chain(fraction.bytes());
    let leading = digits().take_while(|&digit| digit == b'0').count();
    let all = whole.len() + fraction.len();
    if leading == all {
        out.push(b'0');
        return;
    }
    let trailing = digits().rev().take_while(|&digit| digit == b'0').count();
    if negative {
        out.push(b'-');
    }
    out.extend(digits().skip(leading).take(all - leading - trailing));
    out.push(b'e');
    // Position of the decimal point, counted from the first digit that is not zero.
    write_sum(exponent, whole.len().cast_signed() - leading.cast_signed(), out);
}

fn strip_minus(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |rest| (true, rest))
}

/// Exponents of at most this many digits are added as machine integers.
const SHORT: usize = 30;

/// Appends `exponent + shift` in canonical form. `shift` is at most the length of a text.
fn write_sum(exponent: &str, shift: isize, out: &mut Vec<u8>) {
    let (negative, magnitude) = strip_minus(exponent.strip_prefix('+').unwrap_or(exponent));
    let magnitude = magnitude.trim_start_matches('0');
    if magnitude.len() > SHORT {
        return write_long_sum(negative, magnitude, shift, out);
    }
    let magnitude: i128 = magnitude.parse().unwrap_or(0);
    let exponent = if negative { -magnitude } else { magnitude };
    out.extend_from_slice((exponent + shift as i128).to_string().as_bytes());
}

/// Adds `shift` to a number of so many digits that its sign cannot change.
fn write_long_sum(negative: bool, magnitude: &str, shift: isize, out: &mut Vec<u8>) {
    let mut digits: Vec<i64> = magnitude.bytes().map(|digit| i64::from(digit - b'0')).collect();
    let mut carry = if negative { -(shift as i64) } else { shift as i64 };
    for digit in digits.iter_mut().rev() {
        if carry == 0 {
            break;
        }
        let sum = *digit + carry;
        *digit = sum.rem_euclid(10);
        carry = sum.div_euclid(10);
    }
    if negative {
        out.push(b'-');
    }
    if carry > 0 {
        out.extend_from_slice(carry.to_string().as_bytes());
    }
    let significant = if carry > 0 { 0 } else { digits.iter().take_while(|&&digit| digit == 0).count() };
    out.extend(digits[significant..].iter().map(|&digit| b'0' + u8::try_from(digit).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(number: &str) -> String {
        let mut out = Vec::new();
        write_canonical(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn equal_numbers_have_one_form() {
        for same in [
            &["1", "1.0", "1e0", "1E+0", "10e-1", "0.1e1", "1.000e-0", "100e-0002"][..],
            &["0", "-0", "0.0", "-0.00e5", "0e999999999999999999999999999999999999"],
            &["9007199254740993", "9007199254740993.0", "90071992547409.93e2"],
            &["1e400", "10e399", "0.001e403", "1000e397"],
            &["-12.5", "-125e-1", "-0.125e2"],
            &["1e999999999999999999999999999999999999999", "10e999999999999999999999999999999999999998"],
            &["1e-1000000000000000000000000000000000000000", "0.1e-999999999999999999999999999999999999999"],
        ] {
            for number in same {
                assert_eq!(canonical(number), canonical(same[0]), "{number}");
            }
        }
    }

    #[test]
    fn different_numbers_have_different_forms() {
        let different = [
            "0",
            "1",
            "-1",
            "10",
            "0.1",
            "1e400",
            "1e401",
            "-1e400",
            "9007199254740992",
            "9007199254740993",
            "0.30000000000000004",
            "0.3",
            "1e999999999999999999999999999999999999999",
            "1e-999999999999999999999999999999999999999",
            "1e999999999999999999999999999999999999998",
        ];
        for (position, number) in different.iter().enumerate() {
            for other in &different[..position] {
                assert_ne!(canonical(number), canonical(other), "{number} {other}");
            }
        }
    }

    #[test]
    fn long_and_short_exponents_are_added_equally() {
        for exponent in ["1", "999", "1000", "12345678901234567890"] {
            for shift in [-998_isize, -1, 0, 1, 7, 12_345] {
                for negative in [false, true] {
                    let magnitude = format!("{}{exponent}", "9".repeat(10));
                    let (mut long, mut short) = (Vec::new(), Vec::new());
                    write_long_sum(negative, &magnitude, shift, &mut long);
                    let signed = format!("{}{magnitude}", if negative { "-" } else { "" });
                    write_sum(&signed, shift, &mut short);
                    assert_eq!(long, short, "{signed} + {shift}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn moving_the_point_changes_nothing(digits in "[1-9][0-9]{0,40}", zeros in 0_u8..30, exponent in -400_i64..400) {
            let padding = "0".repeat(zeros.into());
            let length = i64::try_from(digits.len()).unwrap();
            let zeros = i64::from(zeros);
            let moved = format!("{digits}{padding}e{}", exponent - zeros);
            let fraction = format!("0.{padding}{digits}e{}", exponent + length + zeros);
            let plain = canonical(&format!("{digits}e{exponent}"));
            prop_assert_eq!(&canonical(&moved), &plain);
            prop_assert_eq!(&canonical(&fraction), &plain);
        }
    }
}
