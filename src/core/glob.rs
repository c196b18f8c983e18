//! Globs over names: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, as Go's `path.Match` reads them on names without a slash.

/// Whether `glob` matches the whole of `name`. A malformed class matches nothing. Linear in time but for `*`, which
/// retries from its last occurrence only.
pub fn glob_matches(glob: &str, name: &str) -> bool {
    let (mut pattern, mut rest) = (glob, name);
    let mut retry: Option<(&str, &str)> = None;
    loop {
        if let Some(after_star) = pattern.strip_prefix('*') {
            retry = Some((after_star, rest));
            pattern = after_star;
            continue;
        }
        if pattern.is_empty() && rest.is_empty() {
            return true;
        }
        if let Some((next_pattern, next_rest)) = match_one(pattern, rest) {
            (pattern, rest) = (next_pattern, next_rest);
            continue;
        }
        let Some((after_star, start)) = retry else { return false };
        let mut characters = start.chars();
        if characters.next().is_none() {
            return false;
        }
        (pattern, rest) = (after_star, characters.as_str());
        retry = Some((after_star, rest));
    }
}

/// Matches one element of the pattern against one character; what is left of both.
fn match_one<'a>(pattern: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let mut names = rest.chars();
    let character = names.next()?;
    let mut elements = pattern.chars();
    match elements.next()? {
        '?' => Some((elements.as_str(), names.as_str())),
        '[' => {
            let (class, after) = elements.as_str().split_once(']')?;
            class_contains(class, character).then_some((after, names.as_str()))
        }
        element => (element == character).then_some((elements.as_str(), names.as_str())),
    }
}

fn class_contains(class: &str, character: char) -> bool {
    let (is_negated, class) = class.strip_prefix('^').map_or((false, class), |class| (true, class));
    let mut characters = class.chars().peekable();
    let mut contains = false;
    while let Some(low) = characters.next() {
        let mut high = low;
        if characters.peek() == Some(&'-') {
            characters.next();
            let Some(end) = characters.next() else { return false };
            high = end;
        }
        contains |= (low..=high).contains(&character);
    }
    contains != is_negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_velero_reads_them() {
        for (glob, name, matches) in [
            ("*", "anything", true),
            ("acme-*", "acme-prod", true),
            ("acme-*", "acme", false),
            ("*-prod", "acme-prod", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("acme-?", "acme-1", true),
            ("acme-?", "acme-12", false),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[^a]x", "bx", true),
            ("[ax", "ax", false),
            ("", "", true),
        ] {
            assert_eq!(glob_matches(glob, name), matches, "{glob} on {name}");
        }
    }
}
