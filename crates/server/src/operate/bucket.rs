//! `csvp retention bucket-rules`: what an S3 bucket does with objects as they grow old.

use serde_json::{Value, json};

use super::OperateError;

/// Least age of an object in days before it may move to Standard-IA, and least stay there; S3 wants both.
const MIN_STANDARD_IA_DAYS: u32 = 30;
/// Least stay in Glacier in days before objects move on, without being charged for it.
const MIN_GLACIER_DAYS: u32 = 90;

/// Ages in days; none leaves a step out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketRules {
    /// To Standard-IA: cheaper to keep, dearer to read.
    pub standard_ia_days: Option<u32>,
    /// To Glacier: must be restored before it can be read.
    pub glacier_days: Option<u32>,
    /// To Deep Archive: must be restored, which takes hours.
    pub deep_archive_days: Option<u32>,
    /// Removed, whatever the service thinks of it.
    pub expire_days: Option<u32>,
    /// Prefix of the objects.
    pub prefix: String,
}

/// The rules as `put-bucket-lifecycle-configuration` takes them. Unfinished multipart uploads are always given up after a
/// day: nobody can read them, and they cost.
///
/// # Errors
/// Steps that S3 would refuse: too early, or not one after the other.
pub fn bucket_rules(rules: &BucketRules) -> Result<Value, OperateError> {
    let steps = [
        ("STANDARD_IA", rules.standard_ia_days, MIN_STANDARD_IA_DAYS),
        ("GLACIER", rules.glacier_days, MIN_GLACIER_DAYS),
        ("DEEP_ARCHIVE", rules.deep_archive_days, 0),
    ];
    let (mut transitions, mut not_before) = (Vec::new(), 0);
    if rules.standard_ia_days.is_some() {
        not_before = MIN_STANDARD_IA_DAYS;
    }
    for (class, days, least_stay) in steps {
        let Some(days) = days else { continue };
        check(class, days, not_before)?;
        transitions.push(json!({ "Days": days, "StorageClass": class }));
        not_before = days.saturating_add(least_stay.max(1));
    }
    let filter = json!({ "Prefix": rules.prefix });
    let mut by_age = json!({ "ID": "csvp-age", "Status": "Enabled", "Filter": filter });
    if let Some(days) = rules.expire_days {
        check("expiration", days, not_before.max(1))?;
        by_age["Expiration"] = json!({ "Days": days });
    }
    let unfinished = json!({
        "ID": "csvp-unfinished",
        "Status": "Enabled",
        "Filter": filter,
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 },
    });
    let mut list = Vec::new();
    if !transitions.is_empty() {
        by_age["Transitions"] = Value::Array(transitions);
    }
    // A rule without an action is refused.
    if by_age.get("Transitions").is_some() || by_age.get("Expiration").is_some() {
        list.push(by_age);
    }
    list.push(unfinished);
    Ok(json!({ "Rules": list }))
}

fn check(step: &str, days: u32, not_before: u32) -> Result<(), OperateError> {
    if days >= not_before {
        return Ok(());
    }
    Err(OperateError::refused(
        format!("expected at least {not_before} days for {step}, found {days}"),
        "each step comes after the one before and its least stay; 0 leaves a step out",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default_rules() -> BucketRules {
        BucketRules {
            standard_ia_days: Some(30),
            glacier_days: Some(90),
            deep_archive_days: Some(365),
            expire_days: Some(2_557),
            prefix: String::new(),
        }
    }

    /// The fields and words of the S3 API, version 2006-03-01.
    fn validate(config: &Value) {
        let object = |value: &Value, known: &[&str]| {
            let object = value.as_object().unwrap().clone();
            for key in object.keys() {
                assert!(known.contains(&key.as_str()), "S3 knows no `{key}` here");
            }
            object
        };
        let rules = object(config, &["Rules"])["Rules"].as_array().unwrap().clone();
        assert!(!rules.is_empty() && rules.len() <= 1_000);
        let actions = ["Expiration", "Transitions", "AbortIncompleteMultipartUpload"];
        let known = [&["ID", "Status", "Filter"][..], &actions[..]].concat();
        for rule in &rules {
            let rule = object(rule, &known);
            assert!(rule["ID"].as_str().unwrap().len() <= 255);
            assert!(["Enabled", "Disabled"].contains(&rule["Status"].as_str().unwrap()));
            assert!(object(&rule["Filter"], &["Prefix"])["Prefix"].is_string());
            assert!(actions.iter().any(|action| rule.contains_key(*action)), "a rule needs an action");
            let mut last = 0;
            for step in rule.get("Transitions").map_or(&[][..], |steps| steps.as_array().unwrap()) {
                let step = object(step, &["Days", "StorageClass"]);
                let class = step["StorageClass"].as_str().unwrap();
                assert!(["STANDARD_IA", "GLACIER", "DEEP_ARCHIVE"].contains(&class));
                let days = step["Days"].as_u64().unwrap();
                assert!(days > last && (class != "STANDARD_IA" || days >= 30));
                last = days;
            }
            if let Some(expiration) = rule.get("Expiration") {
                assert!(object(expiration, &["Days"])["Days"].as_u64().unwrap() > last);
            }
            if let Some(abort) = rule.get("AbortIncompleteMultipartUpload") {
                assert_eq!(object(abort, &["DaysAfterInitiation"])["DaysAfterInitiation"], 1);
            }
        }
    }

    #[test]
    fn rules_are_what_s3_takes() {
        let rules = bucket_rules(&default_rules()).unwrap();
        validate(&rules);
        assert_eq!(rules["Rules"][0]["Expiration"]["Days"], 2_557);
        validate(&bucket_rules(&BucketRules { glacier_days: None, ..default_rules() }).unwrap());
        validate(
            &bucket_rules(&BucketRules { prefix: "csvp/".to_owned(), ..BucketRules::default() }).unwrap(),
        );
    }

    #[test]
    fn steps_that_s3_refuses_are_refused() {
        for wrong in [
            BucketRules { standard_ia_days: Some(29), ..default_rules() },
            BucketRules { glacier_days: Some(59), ..default_rules() },
            BucketRules { deep_archive_days: Some(179), ..default_rules() },
            BucketRules { expire_days: Some(365), ..default_rules() },
        ] {
            assert!(bucket_rules(&wrong).is_err(), "{wrong:?}");
        }
    }
}
