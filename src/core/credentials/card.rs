//! Numbers of payment cards: known beginnings, the lengths that belong to them, the check digit.

/// Digits that belong together, with the separators between their groups taken out.
const MAX_DIGITS: usize = 19;

pub(super) fn is_in(text: &str) -> bool {
    let runs = text.split(|character: char| {
        !(character.is_ascii_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.'))
    });
    runs.flat_map(|run| run.split(['_', '.'])).any(has_card_number)
}

/// Whole groups only, so that a part of a longer number or of an identifier is never taken for one.
fn has_card_number(run: &str) -> bool {
    if run.len() < 13 {
        return false;
    }
    run.split_ascii_whitespace().any(is_card_number) || is_grouped(run)
}

fn is_grouped(run: &str) -> bool {
    let groups: Vec<&str> = run.split([' ', '-']).take(64).collect();
    [4, 5, 3].iter().any(|count| {
        groups.windows(*count).any(|window| is_grouping(window) && is_card_number(&window.concat()))
    })
}

/// As cards print them: 4-4-4-4, with three more for the longest, 4-6-5 and 4-6-4.
fn is_grouping(groups: &[&str]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    matches!(lengths.as_slice(), [4, 4, 4, 4] | [4, 4, 4, 4, 3] | [4, 6, 5 | 4])
}

fn is_card_number(digits: &str) -> bool {
    if digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    is_known_length(digits) && passes_check(digits)
}

fn is_known_length(digits: &str) -> bool {
    let start = |length: usize| digits.get(..length).and_then(|start| start.parse::<u32>().ok()).unwrap_or(0);
    let (two, three, four) = (start(2), start(3), start(4));
    match digits.len() {
        13 => two / 10 == 4,
        14 => two == 36 || two == 38 || two == 39 || (300..=305).contains(&three),
        15 => two == 34 || two == 37,
        16 => {
            two / 10 == 4
                || (51..=55).contains(&two)
                || (2221..=2720).contains(&four)
                || two == 65
                || four == 6011
                || (644..=649).contains(&three)
                || (3528..=3589).contains(&four)
                || two == 62
        }
        19 => two / 10 == 4 || four == 6011 || two == 65 || two == 62,
        _ => false,
    }
}

/// ISO/IEC 7812: every second digit from the right doubled, the sum divisible by ten.
fn passes_check(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10) && digits.bytes().any(|byte| byte != b'0')
}
