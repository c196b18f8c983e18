//! The rules (CEL) that several kinds share: what a pattern cannot say, said by the API server in words that teach.
//!
//! Each walks bounded fields only, because the server refuses a CRD by the estimated cost of its rules. What needs the
//! clock, another object or a sum of mixed units is the webhook's.

use std::fmt::Write as _;

use kube::core::Rule;

/// For kinds whose name Surety writes as the value of a label.
pub fn name_fits_a_label() -> Rule {
    Rule::new("self.metadata.name.size() <= 63")
        .message("metadata.name: at most 63 characters, because the name becomes the value of a label")
}

/// For a field that says what an object is about.
pub fn immutable(field: &str) -> Rule {
    Rule::new("self == oldSelf").message(immutable_message(field).as_str())
}

/// For an optional field that says what an object is about: it can neither change, nor come, nor go.
pub fn immutable_optional(field: &str) -> Rule {
    Rule::new(format!(
        "has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"
    ))
    .message(immutable_message(field).as_str())
    .field_path(format!(".{field}"))
}

fn immutable_message(field: &str) -> String {
    format!("{field} cannot change: delete the object and create another")
}

/// `lower <= upper`, judged where both use one unit; spans of mixed units are the webhook's to compare.
pub fn span_order(lower: &str, upper: &str) -> Rule {
    let number = |field: &str| format!("int(self.{field}.find('[0-9]+'))");
    let unit = |field: &str| format!("self.{field}.find('[a-z]+')");
    Rule::new(format!(
        "!has(self.{lower}) || !has(self.{upper}) || {} != {} || {} <= {}",
        unit(lower),
        unit(upper),
        number(lower),
        number(upper)
    ))
    .message(format!("{lower} must not be longer than {upper}").as_str())
}

/// Five cron fields in range, as the engines read them, or one of the named schedules.
pub fn cron() -> Rule {
    Rule::new(format!("self in ['@hourly', '@daily', '@weekly', '@monthly', '@yearly'] || self.upperAscii().matches('{}')",
        cron_fields()))
        .message("five fields in UTC (minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-6), such as `30 2 * * *`, or @hourly, @daily, @weekly, @monthly, @yearly")
}

fn cron_fields() -> String {
    let months = "(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)";
    let weekdays = "([0-6]|SUN|MON|TUE|WED|THU|FRI|SAT)";
    let fields = ["[0-5]?[0-9]", "([01]?[0-9]|2[0-3])", "(0?[1-9]|[12][0-9]|3[01])", months, weekdays];
    let mut pattern = String::from("^");
    for (position, value) in fields.iter().enumerate() {
        let gap = if position == 0 { "" } else { " " };
        let element = format!("([*]|{value}(-{value})?)(/[1-9][0-9]?)?");
        // Writing to a String cannot fail.
        let _ = write!(pattern, "{gap}{element}(,{element})*");
    }
    pattern + "$"
}
