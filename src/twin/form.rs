//! What values parameters and options take, and what PVE says of those that they do not.
//!
//! Knows the ways in which PVE's schemas check a value; which option takes which stands with the options.

use serde_json::Value;

use super::answer::UNKNOWN;

/// What a value has to look like.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Any words, up to this many characters.
    Text(usize),
    Boolean,
    Integer(i64, i64),
    Number(f64, f64),
    OneOf(&'static [&'static str]),
    /// A format with a check of its own, which says what is wrong.
    Format(fn(&str) -> Result<(), String>),
    /// The same for a pattern, of which PVE says only that it does not fit.
    Pattern(fn(&str) -> bool),
    /// Keys and values, separated by commas.
    Properties(&'static [Property]),
    /// A way of its own to write such a list; it gets the path and the text.
    Own(fn(&str, &str) -> Result<(), String>),
}

/// One of the keys in a list of properties.
#[derive(Clone, Copy)]
pub(super) struct Property {
    pub(super) name: &'static str,
    form: Form,
    must: bool,
    /// It may stand without its key.
    main: bool,
    /// Another name of this one.
    alias: Option<&'static str>,
}

impl Property {
    pub(super) const fn new(name: &'static str, form: Form) -> Property {
        Property { name, form, must: false, main: false, alias: None }
    }

    pub(super) const fn must(self) -> Property {
        Property { must: true, ..self }
    }

    pub(super) const fn main(self) -> Property {
        Property { main: true, ..self }
    }

    pub(super) const fn alias(name: &'static str, of: &'static str) -> Property {
        Property { alias: Some(of), ..Property::new(name, Form::Text(0)) }
    }
}

const BOOLEAN: &str = "type check ('boolean') failed - got";

impl Form {
    /// The value as PVE keeps it, or what is wrong with it.
    pub(super) fn read(self, path: &str, text: &str) -> Result<Value, String> {
        match self {
            Form::Boolean => match text {
                "0" => Ok(0.into()),
                "1" => Ok(1.into()),
                _ => Err(format!("{BOOLEAN} '{text}'")),
            },
            Form::Integer(least, most) => {
                let number = integer(text).ok_or_else(|| format!("type check ('integer') failed - got '{text}'"))?;
                within(number as f64, least as f64, most as f64)?;
                Ok(number.into())
            }
            Form::Number(least, most) => {
                let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
                let number = number.ok_or_else(|| format!("type check ('number') failed - got '{text}'"))?;
                within(number, least, most)?;
                Ok(text.into())
            }
            Form::Text(most) if text.chars().count() > most => Err(format!("value may only be {most} characters long")),
            Form::OneOf(words) if !words.contains(&text) => {
                Err(format!("value '{text}' does not have a value in the enumeration '{}'", words.join(", ")))
            }
            Form::Text(_) | Form::OneOf(_) => Ok(text.into()),
            Form::Format(check) => match check(text) {
                Ok(()) => Ok(text.into()),
                Err(why) => Err(format!("invalid format - {why}\n")),
            },
            Form::Pattern(fits) if fits(text) => Ok(text.into()),
            Form::Pattern(_) => Err("value does not match the regex pattern".into()),
            Form::Own(check) => match check(path, text) {
                Ok(()) => Ok(text.into()),
                Err(why) => Err(format!("invalid format - {why}")),
            },
            Form::Properties(known) => {
                properties(known, path, text).map_err(|why| format!("invalid format - {why}"))?;
                Ok(text.into())
            }
        }
    }
}

fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn within(number: f64, least: f64, most: f64) -> Result<(), String> {
    if number > most {
        return Err(format!("value must have a maximum value of {most}"));
    }
    if number < least {
        return Err(format!("value must have a minimum value of {least}"));
    }
    Ok(())
}

/// Takes a list of properties apart and checks each; the words of PVE end with a line's end.
pub(super) fn properties(known: &[Property], path: &str, text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (key, value) = match part.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => (key, value),
            Some(_) => return Err("missing key in comma-separated list property\n".into()),
            None => match known.iter().find(|property| property.main) {
                Some(main) => (main.name, part),
                None => return Err("value without key, but schema does not define a default key\n".into()),
            },
        };
        let key = known.iter().find(|property| property.name == key).and_then(|it| it.alias).unwrap_or(key);
        if found.iter().any(|(known, _)| known == key) {
            return Err(format!("duplicate key in comma-separated list property: {key}\n"));
        }
        found.push((key.to_owned(), value.to_owned()));
    }
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let mut wrong = String::new();
    for (key, value) in &mut found {
        let Some(property) = known.iter().find(|property| property.name == *key) else {
            wrong.push_str(&format!("{}: {UNKNOWN}\n", at(key)));
            continue;
        };
        // Inside a list more words are taken for a yes or a no.
        if let (Form::Boolean, Some(plain)) = (property.form, loose_boolean(value)) {
            *value = plain.to_owned();
        }
        if let Err(why) = property.form.read(&at(key), value) {
            wrong.push_str(&format!("{}: {why}\n", at(key)));
        }
    }
    for missing in known.iter().filter(|property| property.must && !found.iter().any(|(key, _)| key == property.name)) {
        wrong.push_str(&format!("{}: property is missing and it is not optional\n", at(missing.name)));
    }
    if wrong.is_empty() { Ok(found) } else { Err(format!("format error\n{wrong}")) }
}

fn loose_boolean(value: &str) -> Option<&'static str> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" => Some("1"),
        "0" | "off" | "no" | "false" => Some("0"),
        _ => None,
    }
}

/// Whether a text begins with a letter, goes on with letters, digits and these signs, and is two or more characters long.
fn is_id(text: &str, signs: &str) -> bool {
    text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

/// A name of a snapshot, a mapping and the like.
pub(super) fn config_id(text: &str) -> Result<(), String> {
    if is_id(text, "_-") { Ok(()) } else { Err(format!("invalid configuration ID '{text}'")) }
}

pub(super) fn storage_id(text: &str) -> Result<(), String> {
    if text.len() < 2 {
        return Err(format!("storage ID '{text}' cannot be shorter than 2 characters"));
    }
    let ends = text.ends_with(|c: char| c.is_ascii_alphanumeric());
    if ends && is_id(text, "-_.") { Ok(()) } else { Err(format!("storage ID '{text}' contains illegal characters")) }
}

pub(super) fn node_name(text: &str) -> Result<(), String> {
    if is_label(text) { Ok(()) } else { Err("value does not look like a valid node name".into()) }
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.chars().all(inner)
}

pub(super) fn dns_name(text: &str) -> Result<(), String> {
    if text.split('.').all(is_label) { Ok(()) } else { Err("value does not look like a valid DNS name".into()) }
}

pub(super) fn bridge(text: &str) -> Result<(), String> {
    if is_bridge(text) { Ok(()) } else { Err(format!("invalid bridge ID '{text}'")) }
}

pub(super) fn is_bridge(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

pub(super) fn mac(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split(':').collect();
    let fits = parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && u8::from_str_radix(part, 16).is_ok());
    // The first bit says that an address is for many.
    let single = u8::from_str_radix(parts[0], 16).is_ok_and(|first| first & 1 == 0);
    if fits && single { Ok(()) } else { Err("value does not look like a valid unicast MAC address".into()) }
}

pub(super) fn ipv4(text: &str) -> Result<(), String> {
    match text.parse::<std::net::Ipv4Addr>() {
        Ok(_) => Ok(()),
        Err(_) => Err("value does not look like a valid IPv4 address".into()),
    }
}

pub(super) fn ipv6(text: &str) -> Result<(), String> {
    match text.parse::<std::net::Ipv6Addr>() {
        Ok(_) => Ok(()),
        Err(_) => Err("value does not look like a valid IPv6 address".into()),
    }
}

/// An address with the length of its network, or one of these words.
fn network(text: &str, words: &[&str], is_address: fn(&str) -> Result<(), String>, bits: u8) -> bool {
    words.contains(&text)
        || text.split_once('/').is_some_and(|(address, length)| {
            is_address(address).is_ok() && length.parse::<u8>().is_ok_and(|length| length > 7 && length <= bits)
        })
}

pub(super) fn ipv4_config(text: &str) -> Result<(), String> {
    match network(text, &["dhcp", "manual"], ipv4, 32) {
        true => Ok(()),
        false => Err("value does not look like a valid ipv4 network configuration".into()),
    }
}

pub(super) fn ipv6_config(text: &str) -> Result<(), String> {
    match network(text, &["auto", "dhcp", "manual"], ipv6, 128) {
        true => Ok(()),
        false => Err("value does not look like a valid ipv6 network configuration".into()),
    }
}

/// The parts of a list, however they are separated.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| ",;\0".contains(c) || c.is_whitespace()).filter(|part| !part.is_empty())
}

pub(super) fn addresses(text: &str) -> Result<(), String> {
    let wrong = list(text).find(|one| ipv4(one).and(ipv6(one)).is_err() && !is_address(one));
    wrong.map_or(Ok(()), |one| Err(format!("value does not look like a valid address: {one}")))
}

fn is_address(text: &str) -> bool {
    ipv4(text).is_ok() || ipv6(text).is_ok() || dns_name(text).is_ok()
}

pub(super) fn dns_names(text: &str) -> Result<(), String> {
    list(text).try_for_each(dns_name)
}

pub(super) fn tags(text: &str) -> Result<(), String> {
    let first = |tag: &str| tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fits = |tag: &str| first(tag) && tag.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.".contains(c));
    if list(text).all(fits) { Ok(()) } else { Err("invalid characters in tag".into()) }
}

pub(super) fn url_encoded(text: &str) -> Result<(), String> {
    match text.chars().all(|c| c.is_ascii_alphanumeric() || "-%_.!~*'()".contains(c)) {
        true => Ok(()),
        false => Err(format!("invalid urlencoded string: {text}")),
    }
}

/// What starts when: `order=1,up=30`, or the order alone.
pub(super) fn startup(text: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<u32>().is_ok();
    let fits = |part: &str| match part.split_once('=') {
        Some((key, value)) => ["order", "up", "down"].contains(&key) && number(value),
        None => number(part),
    };
    if !text.is_empty() && list(text).all(fits) { Ok(()) } else { Err("unable to parse startup options".into()) }
}

pub(super) fn hotplug(text: &str) -> Result<(), String> {
    let known = ["network", "disk", "cpu", "memory", "usb", "cloudinit"];
    match list(text).find(|one| !known.contains(one)) {
        Some(one) if !["0", "1"].contains(&text) => Err(format!("invalid hotplug feature '{one}'")),
        _ => Ok(()),
    }
}

pub(super) fn disk_size(text: &str) -> Result<(), String> {
    match super::drive::parse_size(text) {
        Some(_) => Ok(()),
        None => Err(format!("value does not look like a valid disk size: {text}")),
    }
}

/// The storage and the name of a volume.
pub(super) fn volume_id(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(storage, name)| storage_id(storage).is_ok() && !name.is_empty())
}

pub(super) fn volume(text: &str) -> Result<(), String> {
    match volume_id(text) {
        Some(_) => Ok(()),
        None => Err(format!("unable to parse volume ID '{text}'")),
    }
}

/// What a drive of a VM holds: a volume, a path of the node, or nothing. A new one may have its size alone.
pub(super) fn drive_file(text: &str) -> Result<(), String> {
    let is_size = text.parse::<f64>().is_ok_and(|size| size >= 0.0);
    if ["none", "cdrom", "cloudinit"].contains(&text) || text.starts_with('/') || is_size {
        return Ok(());
    }
    volume(text)
}

/// A path, without steps upwards.
pub(super) fn mount_point(text: &str) -> Result<(), String> {
    let steps = text.split('/').skip(usize::from(!text.starts_with("../"))).any(|step| step == "." || step == "..");
    if steps { Err(format!("{text} contains illegal character sequences")) } else { Ok(()) }
}

pub(super) fn pool_id(text: &str) -> Result<(), String> {
    if text.split('/').count() > 3 {
        return Err(format!("pool name '{text}' nested too deeply (max levels = 3)"));
    }
    let fits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    match text.split('/').all(fits) {
        true => Ok(()),
        false => Err(format!("pool name '{text}' contains invalid characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NET: Form = Form::Properties(&[
        Property::new("model", Form::OneOf(&["e1000", "virtio"])).must().main(),
        Property::new("tag", Form::Integer(1, 4094)),
        Property::new("firewall", Form::Boolean),
    ]);

    #[track_caller]
    fn wrong(form: Form, text: &str, why: &str) {
        assert_eq!(form.read("net0", text), Err(why.to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_as_pve_says_it() {
        wrong(
            NET,
            "virtio,foo=bar",
            "invalid format - format error\nnet0.foo: property is not defined in schema and the schema does not \
             allow additional properties\n",
        );
        wrong(NET, "virtio,tag=", "invalid format - missing key in comma-separated list property\n");
        wrong(NET, "virtio,tag=9,tag=8", "invalid format - duplicate key in comma-separated list property: tag\n");
        wrong(
            NET,
            "tag=0",
            "invalid format - format error\nnet0.tag: value must have a minimum value of 1\nnet0.model: property is \
             missing and it is not optional\n",
        );
        wrong(Form::Boolean, "yes", "type check ('boolean') failed - got 'yes'");
        wrong(Form::Integer(1, 9), "abc", "type check ('integer') failed - got 'abc'");
        wrong(Form::Integer(1, 9), "10", "value must have a maximum value of 9");
        wrong(Form::Number(0.5, 9.0), "0.25", "value must have a minimum value of 0.5");
        wrong(Form::Text(3), "four", "value may only be 3 characters long");
        wrong(Form::Format(dns_name), "bad name!", "invalid format - value does not look like a valid DNS name\n");
        wrong(Form::Format(tags), "ok;no:colon", "invalid format - invalid characters in tag\n");
        wrong(Form::Format(config_id), "9lives", "invalid format - invalid configuration ID '9lives'\n");
        wrong(Form::Format(hotplug), "disk,fan", "invalid format - invalid hotplug feature 'fan'\n");
        wrong(
            Form::Format(mac),
            "01:00:00:00:00:00",
            "invalid format - value does not look like a valid unicast MAC address\n",
        );
    }

    #[test]
    fn what_is_right_is_kept_as_pve_keeps_it() {
        assert_eq!(NET.read("net0", "virtio,firewall=on"), Ok("virtio,firewall=on".into()));
        assert_eq!(Form::Integer(1, 9).read("cores", "4"), Ok(4.into()));
        assert_eq!(Form::Number(0.0, 9.0).read("cpulimit", "0.5"), Ok("0.5".into()));
        let Form::Properties(known) = NET else { panic!("not a list") };
        let parts = properties(known, "net0", "e1000,firewall=yes").unwrap();
        assert_eq!(parts, [("model".into(), "e1000".into()), ("firewall".into(), "1".into())]);
        for (check, text) in [
            (hotplug as fn(&str) -> Result<(), String>, "1"),
            (startup, "order=1,up=30"),
            (addresses, "10.0.0.1 ns.example.org"),
            (ipv4_config, "10.20.0.9/24"),
            (ipv6_config, "auto"),
            (mac, "BC:24:11:00:00:01"),
            (drive_file, "local-zfs:8"),
            (drive_file, "none"),
            (mount_point, "/srv/..data"),
            (pool_id, "prod/web"),
            (url_encoded, "ssh-ed25519%20AAAA"),
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
