//! What a location says of its store, for each provider and every key, and how they are spelt.

use serde_json::{Value, json};

use super::{decode, fact, sample};
use crate::{
    api::KeyClass,
    core::facts::{DataPath, Kind, Known, Location, ServerSideEncryption, StoreEncryption, Unknown},
};

fn location(provider: &str, config: &Value) -> Location {
    let spec = json!({"provider": provider, "objectStorage": {"bucket": "b"}, "config": config});
    fact!(Location, decode(Kind::BackupStorageLocation, json!({"spec": spec})))
}

const fn known(
    sse: ServerSideEncryption,
    key: Option<KeyClass>,
    is_always_on: bool,
) -> Known<StoreEncryption> {
    Known::Known(StoreEncryption { sse, key, is_always_on })
}

fn undecidable<T>(why: &str) -> Known<T> {
    Known::Unknown(Unknown::Undecidable(why.to_owned()))
}

#[test]
fn encryption_is_read_as_the_plugins_ask_for_it() {
    use KeyClass::{Customer, Provider};
    use ServerSideEncryption::{Aes256, CustomerKey, DualKms, Kms};
    let asked = |sse, key| known(sse, key, false);
    let default = "it asks the store for no encryption, and the bucket's default cannot be read";
    let strange = |word: &str| {
        undecidable(&format!("serverSideEncryption is `{word}`, which this version does not know"))
    };
    for (provider, config, wanted) in [
        ("aws", json!({}), undecidable(default)),
        ("aws", json!({"serverSideEncryption": "", "kmsKeyId": ""}), undecidable(default)),
        ("aws", json!({"serversideencryption": "AES256", "KMSKeyId": "k"}), undecidable(default)),
        ("aws", json!({"serverSideEncryption": "AES256"}), asked(Aes256, Some(Provider))),
        ("velero.io/aws", json!({"serverSideEncryption": "AES256"}), asked(Aes256, Some(Provider))),
        ("aws", json!({"serverSideEncryption": "aws:kms"}), asked(Kms, None)),
        ("aws", json!({"serverSideEncryption": "aws:kms:dsse"}), asked(DualKms, None)),
        ("aws", json!({"serverSideEncryption": "aes256"}), strange("aes256")),
        ("aws", json!({"serverSideEncryption": "customer key"}), strange("customer key")),
        ("aws", json!({"kmsKeyId": "k"}), asked(Kms, Some(Customer))),
        ("aws", json!({"kmsKeyId": "k", "serverSideEncryption": "AES256"}), asked(Kms, Some(Customer))),
        ("aws", json!({"kmsKeyId": "alias/tenant-a"}), asked(Kms, Some(Customer))),
        ("aws", json!({"kmsKeyId": "alias/aws/s3"}), asked(Kms, Some(Provider))),
        ("aws", json!({"kmsKeyId": "arn:aws:kms:eu-1:1:alias/aws/s3"}), asked(Kms, Some(Provider))),
        ("aws", json!({"kmsKeyId": "arn:aws:kms:eu-1:1:key/1-2"}), asked(Kms, Some(Customer))),
        ("aws", json!({"customerKeyEncryptionSecret": "s/k"}), asked(CustomerKey, Some(Customer))),
        ("aws", json!({"customerKeyEncryptionFile": "/k"}), asked(CustomerKey, Some(Customer))),
        ("gcp", json!({}), known(Aes256, None, true)),
        ("velero.io/gcp", json!({"kmsKeyName": "k"}), known(Kms, Some(Customer), true)),
        ("gcp", json!({"kmsKeyId": "k"}), known(Aes256, None, true)),
        (
            "gcp",
            json!({"storeEndpoint": "https://storage.googleapis.com/storage/v1/"}),
            known(Aes256, None, true),
        ),
        (
            "gcp",
            json!({"storeEndpoint": "https://store:4443"}),
            undecidable("whether the store at store:4443 encrypts cannot be told"),
        ),
        ("azure", json!({"storageAccount": "a", "resourceGroup": "g"}), known(Aes256, None, true)),
        (
            "community.example/openstack",
            json!({"serverSideEncryption": "AES256"}),
            undecidable(
                "this version does not know whether a store of provider `community.example/openstack` encrypts",
            ),
        ),
        ("", json!({}), undecidable("this version does not know whether a store of provider `` encrypts")),
    ] {
        assert_eq!(location(provider, &config).encryption, wanted, "{provider} {config}");
    }
}

#[test]
fn the_way_there_is_read_from_the_endpoint_and_the_flag() {
    let plain = |endpoint: &str| Known::Known(DataPath::Plain(endpoint.into()));
    let encrypted = || Known::Known(DataPath::Encrypted);
    let unverified = || Known::Known(DataPath::Unverified);
    let refused = || undecidable("s3Url names neither http:// nor https://, and the engine refuses it");
    let not_boolean = |word: &str| {
        undecidable(&format!(
            "insecureSkipTLSVerify is `{word}`, which is no boolean, and the engine refuses it"
        ))
    };
    let skips = |word: &str| json!({"insecureSkipTLSVerify": word});
    for (provider, config, wanted) in [
        ("aws", json!({}), encrypted()),
        ("aws", json!({"s3Url": "https://store:9000"}), encrypted()),
        ("aws", json!({"s3Url": "HTTPS://store:9000"}), encrypted()),
        ("aws", json!({"s3Url": "http://store:9000"}), plain("http://store:9000")),
        ("aws", json!({"s3Url": "Http://store:9000/"}), plain("http://store:9000")),
        ("aws", json!({"s3Url": "http://user:word@store/path?key=word"}), plain("http://store")),
        ("aws", json!({"s3Url": "http://store", "insecureSkipTLSVerify": "true"}), plain("http://store")),
        ("aws", json!({"s3Url": "store:9000"}), refused()),
        ("aws", json!({"s3Url": "ftp://store"}), refused()),
        ("aws", json!({"s3Url": " http://store"}), refused()),
        ("aws", json!({"s3url": "http://store"}), encrypted()),
        ("aws", json!({"publicUrl": "http://store"}), encrypted()),
        ("aws", skips("true"), unverified()),
        ("aws", skips("True"), unverified()),
        ("aws", skips("TRUE"), unverified()),
        ("aws", skips("t"), unverified()),
        ("aws", skips("1"), unverified()),
        ("aws", skips("false"), encrypted()),
        ("aws", skips("0"), encrypted()),
        ("aws", skips(""), encrypted()),
        ("aws", skips("yes"), not_boolean("yes")),
        ("aws", skips("tRue"), not_boolean("tRue")),
        ("gcp", json!({}), encrypted()),
        ("gcp", json!({"storeEndpoint": "http://store:4443"}), plain("http://store:4443")),
        ("azure", json!({"storageAccountURI": "https://a.blob.core.windows.net"}), encrypted()),
        ("azure", json!({"storageAccountURI": "http://store:10000/a"}), plain("http://store:10000")),
        ("other", json!({"s3Url": "http://store"}), plain("http://store")),
        (
            "other",
            json!({"s3Url": "https://store"}),
            undecidable("this version does not know whether a store of provider `other` is reached over TLS"),
        ),
    ] {
        assert_eq!(location(provider, &config).data_path, wanted, "{provider} {config}");
    }
}

#[test]
fn provider_and_region_are_kept_short() {
    let of = |provider: &str, config: Value| {
        let location = location(provider, &config);
        (location.provider, location.region)
    };
    assert_eq!(of("velero.io/aws", json!({"region": "eu-1"})), ("aws".into(), Known::Known("eu-1".into())));
    assert_eq!(of("azure", json!({"region": ""})), ("azure".into(), Known::Absent));
    let (provider, region) = of(&"p".repeat(500), json!({"region": "r".repeat(500)}));
    assert_eq!((provider.len(), region.known().unwrap().len()), (64, 64));
    let long = json!({"s3Url": format!("http://{}", "s".repeat(5000))});
    let Known::Known(DataPath::Plain(endpoint)) = location("aws", &long).data_path else { panic!() };
    assert_eq!(endpoint.len(), "http://".len() + 128);
}

#[test]
fn locations_of_a_running_velero_say_how_they_encrypt() {
    let locked = fact!(Location, sample("bsl-available-kms.yaml"));
    assert_eq!(locked.encryption, known(ServerSideEncryption::Kms, Some(KeyClass::Customer), false));
    assert_eq!(locked.data_path, Known::Known(DataPath::Plain("http://127.0.0.1:52971".into())));
    assert_eq!((&*locked.provider, locked.region), ("aws", Known::Known("us-east-1".into())));
    assert!(matches!(fact!(Location, sample("bsl-available.yaml")).encryption, Known::Unknown(_)));
}
