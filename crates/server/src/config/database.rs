//! Which database is meant, and how it is named to people.

use std::path::Path;

use super::load::ConfigError;
use super::secret::Secret;
use super::sections::DatabaseSection;

impl DatabaseSection {
    /// The address of the server, from the setting or its file; none when the database is a file in the data directory.
    ///
    /// # Errors
    /// When both are set, the file cannot be read, or what they hold is no address of a PostgreSQL server.
    pub fn address(&self) -> Result<Option<Secret>, ConfigError> {
        let (url, key) = match (self.url.is_empty(), self.url_file.is_empty()) {
            (true, true) => return Ok(None),
            (false, true) => (self.url.clone(), "database.url"),
            (true, false) => (read(Path::new(&self.url_file))?, "database.url_file"),
            (false, false) => {
                let message = "expected one of `database.url` and `database.url_file`, found both";
                return Err(invalid("database.url_file", message));
            }
        };
        let known = ["postgres://", "postgresql://"];
        if !known.iter().any(|scheme| url.reveal().starts_with(scheme)) {
            // What was found may hold a password, so it is not repeated.
            return Err(invalid(key, "expected `postgres://USER:PASSWORD@HOST/DATABASE`"));
        }
        Ok(Some(url))
    }
}

/// A URL without user, password and parameters, for messages: `db.example:5432/csvp`.
pub(crate) fn shown(url: &Secret) -> String {
    let rest = url.reveal().split_once("://").map_or("", |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    rest.rsplit_once('@').map_or(rest, |(_, place)| place).to_owned()
}

fn read(path: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::SecretUnreadable { path: path.to_owned(), source })?;
    Ok(Secret::from(text.trim().to_owned()))
}

fn invalid(key: &str, message: &str) -> ConfigError {
    ConfigError::Invalid { key: key.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_where_the_database_is_and_nothing_else() {
        let check = |url: &str, expected: &str| assert_eq!(shown(&Secret::from(url.to_owned())), expected);
        check("postgres://me:p%40ss@db.example:5432/csvp?sslmode=require&password=x", "db.example:5432/csvp");
        check("postgresql://db.example/csvp", "db.example/csvp");
        check("nonsense", "");
    }

    #[test]
    fn an_address_comes_from_the_setting_or_from_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url");
        std::fs::write(&file, "postgres://u:p@h/d\n").unwrap();
        let section = |url: &str, url_file: &str| DatabaseSection {
            url: url.parse().unwrap(),
            url_file: url_file.to_owned(),
            ..DatabaseSection::default()
        };
        let path = file.to_str().unwrap();
        assert_eq!(section("", "").address().unwrap(), None);
        for good in [section("postgres://u:p@h/d", ""), section("", path)] {
            assert_eq!(good.address().unwrap().unwrap().reveal(), "postgres://u:p@h/d");
        }
        for bad in [section("mysql://u:secret@h/d", ""), section("postgres://u:secret@h/d", path)] {
            let message = bad.address().unwrap_err().to_string();
            assert!(message.contains("database.url") && !message.contains("secret"), "{message}");
        }
        assert!(matches!(section("", "/nowhere").address(), Err(ConfigError::SecretUnreadable { .. })));
    }
}
