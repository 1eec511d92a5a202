//! Addresses in object stores and on web servers: what is behind them, and with which credentials it is read.
//!
//! Credentials come from the environment, as each store's own programs take them, and for Amazon's also from a profile. None is ever in an
//! error: of what a store or a library says, only what is named here is passed on.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};

use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::ClientConfigKey;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::limit::LimitStore;
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use tokio::runtime::Runtime;
use url::Url;

use super::{aws_profile, paths};

/// So many requests are on their way to a store at once.
const MOST_REQUESTS: usize = 16;
/// So often a request is made again, each time after a longer wait, some ten seconds in all.
const RETRIES: usize = 6;

/// What an address is of.
pub(super) struct Place {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) key: Key,
}

/// Whether a path is an address, and none of this machine.
pub(crate) fn is_remote(path: &str) -> bool {
    path.contains("://")
}

/// An address without what may be a secret: a name and password, and what signs it.
pub(super) fn shown_address(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://").filter(|(scheme, _)| is_web(scheme)) else { return address.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
}

/// The objects that an address names, in their natural order: `*` stands for any characters within a name, `**` for any folders. An address
/// that ends with `/` names what is right behind it.
pub(super) fn matching(address: &str) -> io::Result<Vec<PathBuf>> {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    if is_web(scheme) {
        return if rest.split('?').next().unwrap_or_default().contains('*') {
            Err(io::Error::other("a web server lists no files: give the address of each"))
        } else {
            Ok(vec![address.into()])
        };
    }
    let (host, pattern) = rest.split_once('/').unwrap_or((rest, ""));
    let pattern = if pattern.is_empty() || pattern.ends_with('/') { format!("{pattern}*") } else { pattern.to_owned() };
    if !pattern.contains('*') {
        return Ok(vec![address.into()]);
    }
    let base = format!("{scheme}://{host}");
    let store = store(&base)?;
    let literal = pattern.split('*').next().unwrap_or_default();
    let folder = literal.rsplit_once('/').map(|(folder, _)| key(folder)).transpose()?;
    let objects = wait(async move { store.list(folder.as_ref()).try_collect::<Vec<_>>().await });
    let keys = objects.map_err(|error| told(&error))?.into_iter().map(|object| object.location.to_string());
    let wanted: Vec<&str> = pattern.split('/').collect();
    let mut found: Vec<PathBuf> =
        keys.filter(|key| is_meant(&wanted, &key.split('/').collect::<Vec<_>>())).map(|key| format!("{base}/{key}").into()).collect();
    found.sort_by(|a, b| paths::natural(a, b));
    Ok(found)
}

/// Whether the parts of a key are those of a pattern.
fn is_meant(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern, key) {
        (["**"], [.., name]) => !paths::is_kept_for_itself(name.as_bytes()),
        (["**", rest @ ..], _) => (0..key.len()).any(|folders| is_meant(rest, &key[folders..])),
        ([first, rest @ ..], [name, below @ ..]) => {
            let is_like = first == name || !paths::is_kept_for_itself(name.as_bytes()) && paths::is_like(first.as_bytes(), name.as_bytes());
            is_like && is_meant(rest, below)
        }
        ([], []) => true,
        _ => false,
    }
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}

/// What an address is of.
pub(super) fn place(address: &str) -> io::Result<Place> {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    if is_web(scheme) {
        // What follows the path may be part of what is asked for.
        return Ok(Place { store: store(address)?, key: Key::default() });
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(Place { store: store(&format!("{scheme}://{host}"))?, key: key(path)? })
}

fn key(path: &str) -> io::Result<Key> {
    Key::parse(path).map_err(|_| io::Error::other("its address has a part that no store can have, such as `//` or `..`"))
}

/// The store at an address, with its connections.
fn store(base: &str) -> io::Result<Arc<dyn ObjectStore>> {
    static STORES: LazyLock<Mutex<HashMap<String, Arc<dyn ObjectStore>>>> = LazyLock::new(Mutex::default);
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(store) = stores.get(base) {
        return Ok(Arc::clone(store));
    }
    let store = new_store(base)?;
    stores.insert(base.to_owned(), Arc::clone(&store));
    Ok(store)
}

fn new_store(base: &str) -> io::Result<Arc<dyn ObjectStore>> {
    let url = Url::parse(base).map_err(|error| io::Error::other(format!("its address is none: {error}")))?;
    let retries = RetryConfig { max_retries: RETRIES, ..RetryConfig::default() };
    let limited = |store: object_store::Result<_>| store.map_err(|error| told(&error));
    Ok(match url.scheme() {
        "s3" | "s3a" => {
            let mut builder = AmazonS3Builder::from_env().with_url(base).with_retry(retries);
            let profile = aws_profile::settings();
            let has_keys = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"].iter().any(|name| env::var_os(name).is_some());
            let of_profile = [
                ("aws_access_key_id", AmazonS3ConfigKey::AccessKeyId),
                ("aws_secret_access_key", AmazonS3ConfigKey::SecretAccessKey),
                ("aws_session_token", AmazonS3ConfigKey::Token),
            ];
            for (name, key) in of_profile.into_iter().filter(|_| !has_keys) {
                if let Some(value) = profile.get(name) {
                    builder = builder.with_config(key, value);
                }
            }
            if builder.get_config_value(&AmazonS3ConfigKey::Region).is_none() {
                let is_elsewhere = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint];
                let is_elsewhere = is_elsewhere.iter().any(|key| builder.get_config_value(key).is_some());
                let region = profile.get("region").cloned().or_else(|| if is_elsewhere { None } else { region_of(url.host_str()?) });
                if let Some(region) = region {
                    builder = builder.with_region(region);
                }
            }
            Arc::new(LimitStore::new(limited(builder.build())?, MOST_REQUESTS))
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_url(base).with_retry(retries);
            Arc::new(LimitStore::new(builder.build().map_err(|error| told(&error))?, MOST_REQUESTS))
        }
        "az" | "abfs" | "abfss" => {
            let builder = MicrosoftAzureBuilder::from_env().with_url(base).with_retry(retries);
            Arc::new(LimitStore::new(builder.build().map_err(|error| told(&error))?, MOST_REQUESTS))
        }
        "https" => Arc::new(LimitStore::new(web(base, false, retries)?, MOST_REQUESTS)),
        "http" if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) => {
            Arc::new(LimitStore::new(web(base, true, retries)?, MOST_REQUESTS))
        }
        "http" => return Err(io::Error::other("what comes by `http://` may have been changed on its way: use `https://`")),
        other => {
            let known = "`s3://`, `gs://`, `az://`, `abfss://` and `https://`";
            return Err(io::Error::other(format!("addresses with `{other}://` are not read: those with {known} are")));
        }
    })
}

fn web(address: &str, is_plain: bool, retries: RetryConfig) -> io::Result<impl ObjectStore> {
    let options = ClientOptions::new().with_config(ClientConfigKey::AllowHttp, if is_plain { "true" } else { "false" });
    let builder = HttpBuilder::new().with_url(address).with_client_options(options).with_retry(retries);
    builder.build().map_err(|error| told(&error))
}

/// In which region a bucket of Amazon's is.
fn region_of(bucket: &str) -> Option<String> {
    let bucket = bucket.to_owned();
    wait(async move { resolve_bucket_region(&bucket, &ClientOptions::new()).await.ok() })
}

/// What comes of something that is waited for on threads of its own, so that no thread which runs such things waits.
pub(super) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = mpsc::sync_channel(1);
    spawn(future, sender);
    receiver.recv().unwrap_or_else(|_| unreachable!("a task ends with what it comes to, or with the process"))
}

/// The same, to be asked for later.
pub(super) fn begin<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> mpsc::Receiver<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    spawn(future, sender);
    receiver
}

fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static, sender: mpsc::SyncSender<T>) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("objects").enable_all().build().expect("the system gives threads")
    });
    RUNTIME.spawn(async move {
        // Who asked may have stopped waiting.
        let _ = sender.send(future.await);
    });
}

/// An error of a store, without an address or a secret in it.
pub(super) fn told(error: &object_store::Error) -> io::Error {
    use object_store::Error as Of;
    let (kind, what) = match error {
        Of::NotFound { .. } => (ErrorKind::NotFound, "there is no such object".to_owned()),
        Of::PermissionDenied { .. } | Of::Unauthenticated { .. } => {
            (ErrorKind::PermissionDenied, format!("the store refuses it ({}): are there credentials, and do they allow it?", cause(error)))
        }
        Of::NotSupported { .. } => {
            (ErrorKind::Unsupported, "its server gives no parts of a file: download it, and give its path".to_owned())
        }
        _ => (ErrorKind::Other, format!("the store does not give it: {}", cause(error))),
    };
    io::Error::new(kind, what)
}

/// What is at the bottom of an error.
fn cause(error: &object_store::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    // A store answers in XML, which has a code that one can look up.
    let within = |tag: &str| Some(text.split_once(&format!("<{tag}>"))?.1.split_once("</")?.0.trim().to_owned());
    if let Some(code) = within("Code") {
        return code;
    }
    let line = text.lines().next().unwrap_or_default();
    let line = line.split_once('<').map_or(line, |(before, _)| before).trim_end_matches([':', ' ']);
    line.split(' ').map(|word| if word.contains("://") { "(its address)" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (address, shown) in [
            ("https://user:pw@host/a/b.csv?sig=secret", "https://host/a/b.csv"),
            ("https://host/b.csv#x", "https://host/b.csv"),
            ("https://host", "https://host"),
            ("s3://bucket/a?b.csv", "s3://bucket/a?b.csv"),
            ("abfss://files@account.dfs.core.windows.net/a.csv", "abfss://files@account.dfs.core.windows.net/a.csv"),
        ] {
            assert_eq!(shown_address(address), shown);
        }
    }

    #[test]
    fn keys_are_meant_as_files_are() {
        let is_meant = |pattern: &str, key: &str| is_meant(&pattern.split('/').collect::<Vec<_>>(), &key.split('/').collect::<Vec<_>>());
        assert!(is_meant("2025/o_*.csv", "2025/o_1.csv"));
        assert!(!is_meant("2025/o_*.csv", "2025/more/o_1.csv"));
        assert!(!is_meant("2025/*", "2025/.o_1.csv"));
        assert!(is_meant("**/o.csv", "o.csv"));
        assert!(is_meant("**/o.csv", "a/b/o.csv"));
        assert!(is_meant("a/**", "a/b/o.csv"));
        assert!(!is_meant("a/**", "b/o.csv"));
        assert!(is_meant("d=*/p*.parquet", "d=2025-01-01/part-0.parquet"));
    }

    #[test]
    fn only_what_is_read_safely_is_read() {
        let refused = |address: &str| place(address).map(|_| ()).unwrap_err().to_string();
        assert!(refused("http://example.com/a.csv").contains("use `https://`"));
        assert!(refused("ftp://example.com/a.csv").contains("`ftp://` are not read"));
        assert!(matching("https://example.com/*.csv").unwrap_err().to_string().contains("lists no files"));
    }
}
