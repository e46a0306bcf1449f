//! Puts the layers together and refuses what cannot be meant.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::quantity::Seconds;
use super::secret::Secret;
use super::sections::{Config, Setting};

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file `{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file of a secret cannot be read.
    #[error("file `{}` with a secret cannot be read", path.display())]
    SecretUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file or a value in it is not understood.
    #[error("configuration file `{}` is not understood: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// A variable beginning with `CSVP_` names no setting.
    #[error("environment variable `{name}` names no setting")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The nearest known one.
        similar: Option<String>,
    },
    /// A value is of the wrong kind or out of range.
    #[error("setting `{key}`: {message}")]
    Invalid {
        /// `section.key` or the variable.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// Nobody could sign in, so nobody else may reach the server.
    #[error("cannot listen on `{host}`: without sign-in only this machine may reach the server")]
    NotLoopback {
        /// The address asked for.
        host: String,
    },
}

impl ConfigError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } | Self::SecretUnreadable { .. } => {
                vec!["check the path and its permissions".to_owned()]
            }
            Self::Syntax { .. } | Self::Invalid { .. } => {
                vec!["all settings with their defaults stand in docs/reference/configuration.md".to_owned()]
            }
            Self::UnknownVariable { similar: Some(similar), .. } => {
                vec![format!("did you mean `{similar}`?")]
            }
            Self::UnknownVariable { similar: None, .. } => {
                vec!["variables are named `CSVP_SECTION__KEY`, for example `CSVP_SERVER__PORT`".to_owned()]
            }
            Self::NotLoopback { .. } => vec![
                "use `127.0.0.1`, and reach it from elsewhere through `ssh -L 3000:127.0.0.1:3000 HOST`"
                    .to_owned(),
            ],
        }
    }
}

/// What `database.url` says where a file is meant on purpose.
const SQLITE: &str = "sqlite";

/// Refuses settings of a service that others depend on without its database: one variable that is missing must not make it
/// start over an empty file, and take the bucket for that.
fn must_name_database(table: &Table) -> Result<(), ConfigError> {
    let set = |section: &str, key: &str| {
        let value = table.get(section).and_then(|section| section.get(key))?;
        (value.as_str() != Some("")).then(|| format!("{section}.{key}"))
    };
    if set("database", "url").or_else(|| set("database", "url_file")).is_some() {
        return Ok(());
    }
    let of_a_server = [
        ("s3", "bucket"),
        ("database", "max_connections"),
        ("database", "acquire_timeout"),
        ("database", "statement_timeout"),
    ];
    match of_a_server.iter().find_map(|(section, key)| set(section, key)) {
        None => Ok(()),
        Some(given) => Err(ConfigError::Invalid {
            key: "database.url".to_owned(),
            message: format!(
                "expected the address of a server beside `{given}`, here, in `database.url_file` or in \
                 `CSVP_DATABASE__URL`, or `{SQLITE}` for a file in `store.data_dir`; found none"
            ),
        }),
    }
}

/// Pairs of names and values, as `std::env::vars` gives them.
pub type EnvironmentVariables = Vec<(String, String)>;

impl Config {
    /// Reads the file, if one is named, and the variables over it.
    ///
    /// # Errors
    /// When the file cannot be read, or any key or value is unknown or out of range. Nothing is ignored in silence.
    pub fn load(file: Option<&Path>, variables: EnvironmentVariables) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => read_file(path)?,
            None => Table::new(),
        };
        overlay(&mut table, &variables)?;
        must_name_database(&table)?;
        let mut config: Config = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
            ConfigError::Invalid { key: "configuration".to_owned(), message: error.message().to_owned() }
        })?;
        if config.database.url.reveal() == SQLITE {
            config.database.url = Secret::default();
        }
        config.validate()?;
        Ok(config)
    }

    /// Reads the file, if one is named, and the environment of this process over it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_environment(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut variables = EnvironmentVariables::new();
        for (name, value) in std::env::vars_os() {
            // A name that is no text names no setting of ours.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => variables.push((name, value)),
                Err(value) if name.starts_with("CSVP_") => {
                    let message = format!("expected UTF-8, found {value:?}");
                    return Err(ConfigError::Invalid { key: name, message });
                }
                Err(_) => {}
            }
        }
        Self::load(file, variables)
    }

    /// Refuses what this build cannot honour. [`crate::serve`] calls it again, as fields can be set by hand.
    ///
    /// # Errors
    /// When a setting is out of range, contradicts another, or asks for an address others can reach.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let to_network = self.s3_options()?.is_some();
        self.address()?;
        self.operations_address()?;
        self.database.address()?;
        let invalid = |key: &str, message: &str| {
            Err(ConfigError::Invalid { key: key.to_owned(), message: message.to_owned() })
        };
        if self.database.max_connections < 2 {
            return invalid("database.max_connections", "expected at least 2: one to read, one to write");
        }
        for (key, time) in [
            ("database.acquire_timeout", self.database.acquire_timeout),
            ("database.statement_timeout", self.database.statement_timeout),
        ] {
            if time < Seconds::new(1) {
                return invalid(key, "expected at least 1s");
            }
        }
        if self.upload.max_size.0 == 0 {
            return invalid("upload.max_size", "expected more than 0 bytes");
        }
        if self.upload.parallel == 0 {
            return invalid("upload.parallel", "expected at least 1");
        }
        let least = crate::services::least_budget(self.upload.parallel, to_network);
        if self.processing.memory < least {
            let message = format!("expected at least {least} for {} parallel uploads", self.upload.parallel);
            return invalid("processing.memory", &message);
        }
        if self.processing.jobs == 0 && !self.is_shared() {
            let message = "expected at least 1: only this process can run the jobs of a local store";
            return invalid("processing.jobs", message);
        }
        if self.processing.lease < Seconds::new(3) {
            return invalid("processing.lease", "expected at least 3s");
        }
        Ok(())
    }

    /// Whether database and objects are where several processes can share them.
    pub fn is_shared(&self) -> bool {
        let database = !self.database.url.is_empty() || !self.database.url_file.is_empty();
        database && !self.s3.bucket.is_empty()
    }

    /// Where the page and the API are served.
    ///
    /// # Errors
    /// When the host is no address, or one that other machines can reach.
    pub fn address(&self) -> Result<SocketAddr, ConfigError> {
        let host = &self.server.host;
        let ip = loopback(host, "server.host")?;
        Ok(SocketAddr::new(ip, self.server.port))
    }

    /// Where metrics and probes are served, if anywhere.
    ///
    /// # Errors
    /// When it is no address with a port, or one that other machines can reach.
    pub fn operations_address(&self) -> Result<Option<SocketAddr>, ConfigError> {
        let text = self.server.operations.trim();
        if text.is_empty() || text == "off" {
            return Ok(None);
        }
        let invalid = || ConfigError::Invalid {
            key: "server.operations".to_owned(),
            message: format!("expected an address like `127.0.0.1:9464` or `off`, found `{text}`"),
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let port = port.parse().map_err(|_| invalid())?;
        Ok(Some(SocketAddr::new(loopback(host, "server.operations")?, port)))
    }
}

fn loopback(host: &str, key: &str) -> Result<IpAddr, ConfigError> {
    if host == "localhost" {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = bare.parse().map_err(|_| ConfigError::Invalid {
        key: key.to_owned(),
        message: format!("expected an IP address or `localhost`, found `{host}`"),
    })?;
    if ip.is_loopback() { Ok(ip) } else { Err(ConfigError::NotLoopback { host: host.to_owned() }) }
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let syntax = |error: toml::de::Error| ConfigError::Syntax {
        path: path.to_owned(),
        message: without_secrets(error.to_string().trim_end()),
    };
    // Read as a whole once, so that a fault is shown with its line in the file; the layers are merged as tables.
    toml::from_str::<Config>(&text).map_err(syntax)?;
    text.parse::<Table>().map_err(syntax)
}

/// The parser shows the line that it does not understand. What is behind the name of a secret stays hidden.
fn without_secrets(message: &str) -> String {
    let secrets = || Config::SETTINGS.iter().filter(|setting| setting.kind == "Secret");
    let hide = |line: &str| match line.split_once('=') {
        Some((name, _)) if secrets().any(|it| name.trim_end().ends_with(it.key)) => {
            format!("{name}= (hidden)")
        }
        _ => line.to_owned(),
    };
    message.lines().map(hide).collect::<Vec<_>>().join("\n")
}

fn overlay(table: &mut Table, variables: &[(String, String)]) -> Result<(), ConfigError> {
    for setting in Config::SETTINGS {
        for short in setting.short.iter().rev() {
            if let Some((_, value)) =
                variables.iter().find(|(name, value)| name == short && !value.is_empty())
            {
                set(table, setting, short, value)?;
            }
        }
    }
    for (name, value) in
        variables.iter().filter(|(name, _)| name.starts_with("CSVP_") && name != "CSVP_CONFIG")
    {
        let setting = Config::SETTINGS.iter().find(|setting| setting.variable() == *name);
        let Some(setting) = setting else {
            return Err(ConfigError::UnknownVariable { name: name.clone(), similar: similar(name) });
        };
        set(table, setting, name, value)?;
    }
    Ok(())
}

fn set(table: &mut Table, setting: &Setting, variable: &str, text: &str) -> Result<(), ConfigError> {
    let invalid = |message: String| ConfigError::Invalid { key: variable.to_owned(), message };
    let value = match setting.kind {
        "u16" | "u32" | "usize" => {
            let number = text.trim().parse::<u32>();
            Value::Integer(
                number.map_err(|_| invalid(format!("expected a whole number, found `{text}`")))?.into(),
            )
        }
        "bool" => match text.trim() {
            "true" | "1" => Value::Boolean(true),
            "false" | "0" => Value::Boolean(false),
            other => return Err(invalid(format!("expected `true` or `false`, found `{other}`"))),
        },
        "Bytes" => {
            text.parse::<super::Bytes>().map_err(|error| invalid(error.to_string()))?;
            Value::String(text.to_owned())
        }
        "Seconds" => {
            let time = if setting.short.contains(&variable) {
                Seconds::from_millis_text(text)
            } else {
                text.parse()
            };
            Value::String(time.map_err(|error| invalid(error.to_string()))?.to_string())
        }
        _ => Value::String(text.to_owned()),
    };
    let section = table.entry(setting.section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(setting.key.to_owned(), value);
    }
    Ok(())
}

/// The known variable with the fewest differing places, when it is near enough to be meant.
fn similar(name: &str) -> Option<String> {
    let letters = |text: &str| text.replace('_', "");
    let known = Config::SETTINGS.iter().map(Setting::variable);
    let scored = known.map(|variable| (edit_distance(&letters(name), &letters(&variable)), variable));
    scored.min().filter(|(distance, _)| *distance <= 3).map(|(_, variable)| variable)
}

/// Levenshtein distance; names are short, so the plain table will do.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
