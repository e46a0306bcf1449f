//! Forms of text that Table Schema names: types and string formats for which there is no column type.

use regex::bytes::Regex;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A form that the texts of a column must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextForm {
    /// A mail address as browsers accept it, with letters of any script.
    Email,
    /// A URI with its scheme.
    Uri,
    /// A UUID in the 8-4-4-4-12 form, in letters of any case.
    Uuid,
    /// Base64 with padding.
    Binary,
    /// A year of four digits or more.
    Year,
    /// Year and month: `2024-01`.
    YearMonth,
    /// A duration of ISO 8601: `P1DT2H`.
    Duration,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// Longitude and latitude: `90.50, 45.50`.
    GeoPoint,
    /// A JSON array of longitude and latitude.
    GeoPointArray,
    /// A JSON object with `lon` and `lat`.
    GeoPointObject,
    /// A GeoJSON object.
    GeoJson,
    /// A TopoJSON object.
    TopoJson,
}

const EMAIL: &str = "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~[^\\x00-\\x7F]-]+@[a-zA-Z0-9[^\\x00-\\x7F]](?:[a-zA-Z0-9[^\\x00-\\x7F]-]{0,61}[a-zA-Z0-9[^\\x00-\\x7F]])?(?:\\.[a-zA-Z0-9[^\\x00-\\x7F]](?:[a-zA-Z0-9[^\\x00-\\x7F]-]{0,61}[a-zA-Z0-9[^\\x00-\\x7F]])?)*$";
const URI: &str = r#"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$"#;
const UUID: &str = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";
const BINARY: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";
const YEAR: &str = "^-?[0-9]{4,}$";
const YEAR_MONTH: &str = "^-?[0-9]{4,}-(?:0[1-9]|1[0-2])$";
const DATE_PART: &str = "(?:[0-9]+Y(?:[0-9]+M)?(?:[0-9]+D)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
const TIME_PART: &str = "T(?:[0-9]+H(?:[0-9]+M)?(?:[0-9]+(?:[.][0-9]+)?S)?|[0-9]+M(?:[0-9]+(?:[.][0-9]+)?S)?|[0-9]+(?:[.][0-9]+)?S)";
const GEO_JSON: [&str; 9] = [
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
    "Feature",
    "FeatureCollection",
];

/// Checks texts of one form.
#[derive(Debug)]
pub(crate) struct TextCheck {
    form: TextForm,
    pattern: Option<Regex>,
}

impl TextForm {
    /// The rule as a schema writes it.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            TextForm::Email => "format email",
            TextForm::Uri => "format uri",
            TextForm::Uuid => "format uuid",
            TextForm::Binary => "format binary",
            TextForm::Year => "type year",
            TextForm::YearMonth => "type yearmonth",
            TextForm::Duration => "type duration",
            TextForm::Object => "type object",
            TextForm::Array => "type array",
            TextForm::GeoPoint => "type geopoint",
            TextForm::GeoPointArray => "type geopoint, format array",
            TextForm::GeoPointObject => "type geopoint, format object",
            TextForm::GeoJson => "type geojson",
            TextForm::TopoJson => "type geojson, format topojson",
        }
    }

    pub(crate) fn check(self) -> TextCheck {
        let pattern = match self {
            TextForm::Email => EMAIL.to_owned(),
            TextForm::Uri => URI.to_owned(),
            TextForm::Uuid => UUID.to_owned(),
            TextForm::Binary => BINARY.to_owned(),
            TextForm::Year => YEAR.to_owned(),
            TextForm::YearMonth => YEAR_MONTH.to_owned(),
            TextForm::Duration => format!("^-?P(?:[0-9]+W|{DATE_PART}(?:{TIME_PART})?|{TIME_PART})$"),
            _ => return TextCheck { form: self, pattern: None },
        };
        let pattern = Regex::new(&pattern).expect("the patterns here are regular expressions");
        TextCheck { form: self, pattern: Some(pattern) }
    }
}

impl TextCheck {
    pub(crate) fn form(&self) -> TextForm {
        self.form
    }

    pub(crate) fn accepts(&self, cell: &[u8]) -> bool {
        if let Some(pattern) = &self.pattern {
            return pattern.is_match(cell);
        }
        match self.form {
            TextForm::Object => is_json(cell, b'{'),
            TextForm::Array => is_json(cell, b'['),
            TextForm::GeoPoint => geo_point(cell).is_some(),
            TextForm::GeoPointArray => {
                let pair: Option<[f64; 2]> = serde_json::from_slice(cell).ok();
                pair.is_some_and(|[lon, lat]| is_place(lon, lat))
            }
            TextForm::GeoPointObject => {
                let place: Option<Json> = serde_json::from_slice(cell).ok();
                let number = |key: &str| place.as_ref()?.get(key)?.as_f64();
                number("lon").zip(number("lat")).is_some_and(|(lon, lat)| is_place(lon, lat))
            }
            TextForm::GeoJson => type_of(cell).is_some_and(|name| GEO_JSON.contains(&name.as_str())),
            TextForm::TopoJson => type_of(cell).is_some_and(|name| name == "Topology"),
            _ => true,
        }
    }
}

/// Whether a cell is one JSON value that begins with this byte.
fn is_json(cell: &[u8], first: u8) -> bool {
    cell.trim_ascii_start().first() == Some(&first) && serde_json::from_slice::<IgnoredAny>(cell).is_ok()
}

/// The member `type` of a JSON object.
fn type_of(cell: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        name: String,
    }
    serde_json::from_slice::<Typed>(cell).ok().map(|typed| typed.name)
}

fn geo_point(cell: &[u8]) -> Option<()> {
    let (lon, lat) = std::str::from_utf8(cell).ok()?.split_once(',')?;
    let number = |text: &str| text.trim_matches(' ').parse::<f64>().ok();
    is_place(number(lon)?, number(lat)?).then_some(())
}

fn is_place(lon: f64, lat: f64) -> bool {
    (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_each_form() {
        for (form, good, bad) in [
            (
                TextForm::Email,
                "a@b.c;a.b+c@d-e.org;münch@bücher.de;a@localhost",
                "a;a@;@b;a b@c.d;a@b..c;a@b,c;a@-b",
            ),
            (TextForm::Uri, "http://a.b/c?d#e;mailto:a@b;urn:isbn:1", "a.b;http://a b;:x;1a:b;http:"),
            (TextForm::Uuid, "0189a3c2-5b1f-7c3e-8D4A-1f2e3d4c5b6a", "0189a3c25b1f7c3e8d4a1f2e3d4c5b6a;x"),
            (TextForm::Binary, "YQ==;YWI=;YWJj", "YQ;YQ=;Y===;a b=;YWJj="),
            (TextForm::Year, "2024;0999;-0044;12024", "24;2024-01;year"),
            (TextForm::YearMonth, "2024-01;0999-12", "2024-13;2024-1;2024;2024-00"),
            (
                TextForm::Duration,
                "P1Y;P1Y2M3DT4H5M6.5S;PT1M;-P3D;P2W;P1M;PT36H",
                "P;PT;P1DT;1D;P1H;P1S;PT1D;P1Y1W;P1D2M",
            ),
            (TextForm::GeoPoint, "90.50, 45.50;-180,90;1,2", "181,0;0,91;1;1,2,3;a,b;1 2"),
            (TextForm::GeoPointArray, "[90.5, 45.5];[1,2]", "1,2;[1];[1,2,3];[200,0]"),
            (
                TextForm::GeoPointObject,
                r#"{"lon": 1, "lat": 2}"#,
                r#"{"lon": 1};{"lon": 1, "lat": 91};[1,2]"#,
            ),
            (TextForm::Object, r#"{};{"a":[1]}"#, "[];1;{;{} {};{a:1}"),
            (TextForm::Array, r#"[];[{"a":1}]"#, "{};[;[1,]"),
            (TextForm::GeoJson, r#"{"type":"Point","coordinates":[1,2]}"#, r#"{"type":"Pnt"};{};[]"#),
            (TextForm::TopoJson, r#"{"type":"Topology","objects":{},"arcs":[]}"#, r#"{"type":"Point"}"#),
        ] {
            let check = form.check();
            for text in good.split(';') {
                assert!(check.accepts(text.as_bytes()), "{form:?} {text}");
            }
            for text in bad.split(';') {
                assert!(!check.accepts(text.as_bytes()), "{form:?} {text}");
            }
        }
        let deep = "[".repeat(100_000);
        assert!(!TextForm::Array.check().accepts(deep.as_bytes()), "deep nesting is refused, not followed");
    }
}
