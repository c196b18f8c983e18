//! The texts that Velero takes as a schedule (`cron.ParseStandard` of robfig/cron), and no others: what it refuses must
//! not look like a schedule here.
//!
//! A text is turned into five fields of plain numbers, so that whatever evaluates them cannot read them differently.
//! Stricter than Velero in one thing: empty entries of a list (`1,,2`) are refused.

use jiff::SignedDuration;

/// What a schedule's text says.
pub(super) enum Rule<'t> {
    /// `@every`: so long after the last run.
    Every(SignedDuration),
    /// At wall-clock times.
    Calendar {
        /// The name of the time zone; none is UTC.
        zone: Option<&'t str>,
        /// Five fields of numbers, `*`, `,`, `-` and `/`.
        fields: String,
    },
}

struct Field {
    name: &'static str,
    least: u32,
    greatest: u32,
    /// Names of the values, from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, greatest: 59, names: &[] },
    Field { name: "hour", least: 0, greatest: 23, names: &[] },
    Field { name: "day of month", least: 1, greatest: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        greatest: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field {
        name: "day of week",
        least: 0,
        greatest: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// Reads a schedule's text, or says in half a sentence what is wrong with it.
pub(super) fn read(text: &str) -> Result<Rule<'_>, String> {
    let (zone, rest) = split_zone(text)?;
    if let Some(duration) = rest.strip_prefix("@every ") {
        return every(duration).map(Rule::Every);
    }
    let fields = match rest.strip_prefix('@') {
        Some(shorthand) => long_form(shorthand)?.to_owned(),
        None => five_fields(rest)?,
    };
    Ok(Rule::Calendar { zone, fields })
}

fn split_zone(text: &str) -> Result<(Option<&str>, &str), String> {
    let Some(after) = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) else {
        return Ok((None, text.trim()));
    };
    let (zone, rest) = after.split_once(' ').ok_or("nothing follows its time zone")?;
    let is_utc = matches!(zone, "" | "UTC" | "Local");
    Ok(((!is_utc).then_some(zone), rest.trim()))
}

/// Velero takes whole seconds, and one at least.
fn every(text: &str) -> Result<SignedDuration, String> {
    let duration =
        go_duration(text).ok_or_else(|| format!("`{text}` is no duration such as 90m or 1h30m"))?;
    Ok(SignedDuration::from_secs(duration.as_secs().max(1)))
}

/// A duration as Go spells it: numbers with units, `1h30m`, `1.5h`.
fn go_duration(text: &str) -> Option<SignedDuration> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let (unit, length) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        seconds += number.parse::<f64>().ok()? * length;
        rest = after.get(unit.len()..)?;
    }
    (seconds > 0.0).then(|| SignedDuration::try_from_secs_f64(seconds).ok()).flatten()
}

fn long_form(shorthand: &str) -> Result<&'static str, String> {
    match shorthand {
        "yearly" | "annually" => Ok("0 0 1 1 *"),
        "monthly" => Ok("0 0 1 * *"),
        "weekly" => Ok("0 0 * * 0"),
        "daily" | "midnight" => Ok("0 0 * * *"),
        "hourly" => Ok("0 * * * *"),
        _ => Err(format!("`@{shorthand}` is no known shorthand")),
    }
}

fn five_fields(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Err(format!("it has {} fields, not 5", parts.len()));
    }
    let fields: Result<Vec<String>, String> =
        FIELDS.iter().zip(parts).map(|(field, part)| plain(field, part)).collect();
    Ok(fields?.join(" "))
}

/// One field in plain numbers. An entry that takes every value makes the whole field a star, as in Velero, where a day
/// must then match the other field of days alone.
fn plain(field: &Field, part: &str) -> Result<String, String> {
    let entries: Result<Vec<Option<String>>, String> =
        part.split(',').map(|entry| plain_entry(field, entry)).collect();
    let entries: Option<Vec<String>> = entries?.into_iter().collect();
    Ok(entries.map_or_else(|| "*".to_owned(), |entries| entries.join(",")))
}

/// One entry of a field; none where it is a star.
fn plain_entry(field: &Field, entry: &str) -> Result<Option<String>, String> {
    let (range, step) = match entry.split_once('/') {
        Some((range, step)) => (range, Some(positive(field, step)?)),
        None => (entry, None),
    };
    let is_star = matches!(range, "*" | "?");
    let step = step.filter(|step| *step > 1 || !is_star);
    let (first, last) = match range.split_once('-') {
        _ if is_star => (field.least, field.greatest),
        Some((first, last)) => (value(field, first)?, value(field, last)?),
        None => {
            let single = value(field, range)?;
            // `5/10` stands for `5-59/10`.
            (single, if step.is_some() { field.greatest } else { single })
        }
    };
    if first > last {
        return Err(format!("{} `{range}` runs backwards", field.name));
    }
    Ok(match step {
        None if is_star => None,
        Some(step) if step > 1 && step <= last - first => Some(format!("{first}-{last}/{step}")),
        None | Some(1) if first < last => Some(format!("{first}-{last}")),
        _ => Some(first.to_string()),
    })
}

fn positive(field: &Field, step: &str) -> Result<u32, String> {
    number(step).filter(|step| *step > 0).ok_or_else(|| format!("{} has step `{step}`", field.name))
}

fn value(field: &Field, text: &str) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    let named = field.names.iter().zip(field.least..).find(|(name, _)| **name == lower);
    named
        .map(|(_, value)| value)
        .or_else(|| number(text))
        .filter(|value| (field.least..=field.greatest).contains(value))
        .ok_or_else(|| {
            format!("{} `{text}` is not between {} and {}", field.name, field.least, field.greatest)
        })
}

fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
