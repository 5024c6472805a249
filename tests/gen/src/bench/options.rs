//! The TCP options that hosts send.

const NO_OPERATION: u8 = 1;
const WINDOW_SCALE: [u8; 3] = [3, 3, 7];
const SACK_PERMITTED: [u8; 2] = [4, 2];

/// Maximum segment size, selective acknowledgements, timestamps if any, and window scale, in the order of
/// common systems: 20 bytes with timestamps, 12 without.
pub fn of_syn(segment_size: u16, timestamps: Option<(u32, u32)>) -> Vec<u8> {
    let mut options = vec![2, 4];
    options.extend(segment_size.to_be_bytes());
    options.extend(SACK_PERMITTED);
    match timestamps {
        Some(timestamps) => options.extend(timestamp_option(timestamps)),
        None => options.extend([NO_OPERATION; 2]),
    }
    options.push(NO_OPERATION);
    options.extend(WINDOW_SCALE);
    options
}

/// Timestamps alone, if any, aligned as RFC 7323 appendix A has it.
pub fn of_segment(timestamps: Option<(u32, u32)>) -> Vec<u8> {
    let Some(timestamps) = timestamps else { return Vec::new() };
    let mut options = vec![NO_OPERATION; 2];
    options.extend(timestamp_option(timestamps));
    options
}

/// RFC 7323 section 3.2: own time and the other's latest.
fn timestamp_option((value, echo): (u32, u32)) -> [u8; 10] {
    let ([a, b, c, d], [e, f, g, h]) = (value.to_be_bytes(), echo.to_be_bytes());
    [8, 10, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use etherparse::{TcpOptionElement, TcpOptions};

    use super::*;

    fn elements(options: &[u8]) -> Vec<TcpOptionElement> {
        let options = TcpOptions::try_from_slice(options).unwrap();
        let elements = options.elements_iter().map(Result::unwrap);
        elements.filter(|element| *element != TcpOptionElement::Noop).collect()
    }

    #[test]
    fn options_are_those_that_etherparse_reads() {
        use TcpOptionElement::{
            MaximumSegmentSize, SelectiveAcknowledgementPermitted, Timestamp, WindowScale,
        };
        let common = [MaximumSegmentSize(1460), SelectiveAcknowledgementPermitted];
        assert_eq!(elements(&of_syn(1460, None)), [&common[..], &[WindowScale(7)]].concat());
        let with_time = [&common[..], &[Timestamp(5, 9), WindowScale(7)]].concat();
        assert_eq!(elements(&of_syn(1460, Some((5, 9)))), with_time);
        assert_eq!(elements(&of_segment(Some((5, 9)))), [Timestamp(5, 9)]);
        assert!(of_segment(None).is_empty());
    }

    #[test]
    fn lengths_are_whole_words() {
        assert_eq!(of_syn(1440, Some((1, 2))).len(), 20);
        assert_eq!(of_syn(1440, None).len(), 12);
        assert_eq!(of_segment(Some((1, 2))).len(), 12);
    }
}
