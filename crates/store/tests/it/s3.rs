//! Objects in a bucket: the common suite over two servers that share no code, and what only a bucket has.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use csvp_store::contract::BlobSetup;
use csvp_store::repair::Repair;
use csvp_store::{
    BindError, Blobs, Clock, Meta, MetaOptions, ObjectKey, ObjectPrefix, RunFile, RunId, S3Credentials,
    S3Encryption, S3Keys, S3OpenError, S3Options, StoreError, TenantId, UploadId, owner,
};
use csvp_testkit::servers::Seaweed;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpConnector as _, HttpRequest, ReqwestConnector};
use object_store::{ClientOptions, ObjectStoreExt as _};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

fn keys(key: &str, secret: &str) -> S3Credentials {
    S3Credentials::Keys(S3Keys { key_id: key.into(), secret: secret.into(), session_token: None })
}

fn options(endpoint: String, bucket: &str, credentials: S3Credentials) -> S3Options {
    S3Options {
        bucket: bucket.into(),
        region: Seaweed::REGION.into(),
        endpoint: Some(endpoint),
        path_style: true,
        prefix: String::new(),
        credentials,
        encryption: S3Encryption::Bucket,
        ca_file: None,
        allow_http: false,
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(20),
        retry_deadline: Duration::from_secs(30),
    }
}

fn original() -> ObjectKey {
    ObjectKey::Original { tenant: TenantId::DEFAULT, upload: UploadId::generate() }
}

/// A server of S3 in this process, over a directory.
async fn serve(root: &Path) -> SocketAddr {
    serve_with(root, None).await
}

/// The same, with TLS when there is a certificate for it.
async fn serve_with(root: &Path, tls: Option<TlsAcceptor>) -> SocketAddr {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = service.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((socket, _)) = listener.accept().await else { return };
            let (service, tls) = (service.clone(), tls.clone());
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                // An end of the connection is the client's affair.
                match tls {
                    None => drop(builder.serve_connection(TokioIo::new(socket), service).await),
                    Some(tls) => {
                        let Ok(socket) = tls.accept(socket).await else { return };
                        drop(builder.serve_connection(TokioIo::new(socket), service).await);
                    }
                }
            });
        }
    });
    address
}

mod in_process {
    use super::*;

    async fn open(max_bytes: Option<u64>) -> BlobSetup {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("files")).unwrap();
        let address = serve(dir.path()).await;
        let mut options = options(format!("http://{address}"), "files", keys("key", "secret"));
        options.prefix = "some/where".into();
        let blobs = Blobs::open_s3(&options, max_bytes).await.unwrap();
        let root = dir.path().to_owned();
        // Parts are files beside the buckets.
        let leftovers = Box::new(move || {
            let names = std::fs::read_dir(&root).unwrap().map(|it| it.unwrap().file_name());
            names.filter(|name| name.to_str().unwrap().contains("part-")).count()
        });
        BlobSetup { blobs, leftovers, keep: Box::new(dir) }
    }

    csvp_store::blob_contract!(open);
}

mod seaweed {
    use super::*;

    /// One server and bucket for all promises, with a prefix for each.
    struct Server {
        server: Arc<Seaweed>,
        prefixes: AtomicU32,
    }

    impl Server {
        async fn start() -> Self {
            let server = Seaweed::start();
            server.make_bucket("promises");
            Self { server: Arc::new(server), prefixes: AtomicU32::new(0) }
        }

        async fn open(&self, max_bytes: Option<u64>) -> BlobSetup {
            let prefix = format!("promise-{}", self.prefixes.fetch_add(1, Ordering::Relaxed));
            let (key, secret) = self.server.keys();
            let mut options = options(self.server.endpoint(), "promises", keys(key, secret));
            options.encryption = S3Encryption::Server;
            options.prefix.clone_from(&prefix);
            let blobs = Blobs::open_s3(&options, max_bytes).await.unwrap();
            let server = Arc::clone(&self.server);
            let leftovers = Box::new(move || unfinished(&server, "promises", &prefix));
            BlobSetup { blobs, leftovers, keep: Box::new(()) }
        }
    }

    csvp_store::blob_contract!(in every_promise_holds: Server::start);
}

/// Multipart uploads that the server holds below a prefix.
fn unfinished(server: &Seaweed, bucket: &str, prefix: &str) -> usize {
    let list = server.request("GET", &format!("/{bucket}?uploads="));
    assert!(list.starts_with("HTTP/1.1 200"), "{list}");
    list.matches(&format!("<Key>{prefix}")).count()
}

/// What only a server that checks everything can show; one start for all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_of_a_real_server() {
    let mut server = Seaweed::start();
    server.make_bucket("files");
    what_is_wrong_is_told_at_the_start(&server).await;
    a_place_belongs_to_one_database(&server).await;
    objects_are_encrypted_as_asked(&server).await;
    orphans_are_found_and_aborted(&server).await;
    bytes_and_their_checksum_belong_together(&server).await;
    rotated_credentials_are_used_at_once(&mut server).await;
}

fn with_keys(server: &Seaweed, bucket: &str) -> S3Options {
    let (key, secret) = server.keys();
    options(server.endpoint(), bucket, keys(key, secret))
}

async fn refused(options: &S3Options) -> S3OpenError {
    Blobs::open_s3(options, None).await.unwrap_err()
}

async fn what_is_wrong_is_told_at_the_start(server: &Seaweed) {
    let good = with_keys(server, "files");
    let no_bucket = refused(&S3Options { bucket: "nowhere".into(), ..good.clone() }).await;
    assert!(matches!(no_bucket, S3OpenError::NoSuchBucket { .. }), "{no_bucket:?}");
    let wrong_secret = refused(&S3Options { credentials: keys("AKFIRST", "wrong"), ..good.clone() }).await;
    assert!(matches!(wrong_secret, S3OpenError::Credentials(_)), "{wrong_secret:?}");
    assert!(!format!("{wrong_secret:?} {wrong_secret}").contains("wrong"), "{wrong_secret:?}");
    let unknown = refused(&S3Options { credentials: keys("NOBODY", "x"), ..good.clone() }).await;
    assert!(matches!(unknown, S3OpenError::Credentials(_)), "{unknown:?}");
    let nobody = S3Options {
        endpoint: Some(format!("http://127.0.0.1:{}", csvp_testkit::servers::free_port())),
        retry_deadline: Duration::from_millis(300),
        ..good.clone()
    };
    let nobody = refused(&nobody).await;
    assert!(matches!(nobody, S3OpenError::Unreachable { .. }), "{nobody:?}");
    let far = refused(&S3Options { endpoint: Some("http://192.0.2.1".into()), ..good }).await;
    assert!(matches!(far, S3OpenError::PlainHttp(_)), "{far:?}");
}

async fn objects_are_encrypted_as_asked(server: &Seaweed) {
    let small = RunFile::ReportJson;
    for (encryption, header) in [
        (S3Encryption::Server, "x-amz-server-side-encryption: AES256"),
        (S3Encryption::Kms { key_id: "test-key".into() }, "x-amz-server-side-encryption: aws:kms"),
    ] {
        let options = S3Options { encryption, ..with_keys(server, "files") };
        let blobs = Blobs::open_s3(&options, None).await.unwrap();
        let upload = UploadId::generate();
        let large = ObjectKey::Original { tenant: TenantId::DEFAULT, upload };
        let small =
            ObjectKey::RunFile { tenant: TenantId::DEFAULT, upload, run: RunId::generate(), file: small };
        let bytes = bytes::Bytes::from(vec![b'c'; 9_000_000]);
        blobs.put(large, bytes.clone()).await.unwrap();
        blobs.put(small, bytes.slice(..10)).await.unwrap();
        for (key, len) in [(large, 9_000_000), (small, 10)] {
            let head = server.request("HEAD", &format!("/files/{key}")).to_lowercase();
            assert!(head.contains(&header.to_lowercase()), "{key}: {head}");
            assert_eq!(blobs.read_all(&key, 10_000_000).await.unwrap(), bytes.slice(..len));
        }
        blobs.delete_prefix(&ObjectPrefix::Upload { tenant: TenantId::DEFAULT, upload }).await.unwrap();
    }
}

async fn orphans_are_found_and_aborted(server: &Seaweed) {
    let options = S3Options { prefix: "ours".into(), ..with_keys(server, "files") };
    let (dead, living) = (original(), original());
    let blobs = Blobs::open_s3(&options, None).await.unwrap();
    // Another process began this one and was killed.
    let other = Blobs::open_s3(&options, None).await.unwrap();
    let mut killed = other.object_store().put_multipart(&dead.path()).await.unwrap();
    killed.put_part(vec![1; 5 << 20].into()).await.unwrap();
    std::mem::forget(killed);
    // This one is being written, and that one is of another service in the same bucket.
    let mut writer = blobs.writer(living);
    for _ in 0..2 {
        writer.write(vec![2; 9 << 20].into()).await.unwrap();
    }
    let theirs = S3Options { prefix: "theirs".into(), ..options.clone() };
    let theirs = Blobs::open_s3(&theirs, None).await.unwrap();
    std::mem::forget(theirs.object_store().put_multipart(&dead.path()).await.unwrap());
    assert_eq!(unfinished(server, "files", ""), 3);

    let found = blobs.unfinished_writes().await.unwrap();
    let [orphan] = &found[..] else { panic!("expected the dead one: {found:?}") };
    assert!(orphan.to_string().starts_with(&dead.to_string()));
    // It goes when no writer could still live, and going twice is fine.
    let dir = tempfile::tempdir().unwrap();
    let meta = database(&dir.path().join("meta")).await;
    let mut patient = Repair::new(Duration::ZERO).with_longest_write(Duration::from_secs(3_600));
    assert_eq!(patient.remove_unused(&meta, &blobs).await.unwrap().aborted, 0);
    let mut at_once = Repair::new(Duration::ZERO);
    assert_eq!(at_once.remove_unused(&meta, &blobs).await.unwrap().aborted, 1);
    blobs.abort_write(orphan).await.unwrap();
    assert_eq!(blobs.unfinished_writes().await.unwrap(), []);
    assert_eq!(unfinished(server, "files", ""), 2);
    writer.finish().await.unwrap();
    assert_eq!(blobs.size(&living).await.unwrap(), 18 << 20);
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap(), [(living, 18 << 20)]);
    assert_eq!(blobs.address(&living), Some(format!("s3://files/ours/{living}")));
}

/// Sends a signed request with a header and gives the status and a header of the answer.
async fn with_header(
    server: &Seaweed,
    (method, path, body): (&str, &str, &'static str),
    (name, value): (&'static str, &str),
    wanted: &str,
) -> (u16, Option<String>) {
    let (key, secret) = server.keys();
    let credential = AwsCredential { key_id: key.into(), secret_key: secret.into(), token: None };
    let mut request = HttpRequest::new(body.to_owned().into());
    *request.method_mut() = method.parse().unwrap();
    *request.uri_mut() = format!("{}{path}", server.endpoint()).parse().unwrap();
    request.headers_mut().insert(name, value.parse().unwrap());
    AwsAuthorizer::new(&credential, "s3", Seaweed::REGION).authorize(&mut request, None);
    let client = ReqwestConnector::default().connect(&ClientOptions::new().with_allow_http(true)).unwrap();
    let answer = client.execute(request).await.unwrap();
    let header = answer.headers().get(wanted).map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), header)
}

/// What we write carries its SHA-256, and the server compares the one that it is told.
async fn bytes_and_their_checksum_belong_together(server: &Seaweed) {
    const CHECKSUM: &str = "x-amz-checksum-sha256";
    let of_nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let refused = with_header(server, ("PUT", "/files/broken", "abc"), (CHECKSUM, of_nothing), "etag").await;
    assert_eq!(refused.0, 400, "{refused:?}");
    assert!(server.request("HEAD", "/files/broken").starts_with("HTTP/1.1 404"));
    let blobs = Blobs::open_s3(&with_keys(server, "files"), None).await.unwrap();
    let key = original();
    blobs.put(key, "abc".into()).await.unwrap();
    let path = format!("/files/{key}");
    let told = with_header(server, ("HEAD", &path, ""), ("x-amz-checksum-mode", "ENABLED"), CHECKSUM).await;
    assert_eq!(told, (200, Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".into())));
    blobs.delete(&key).await.unwrap();
}

async fn rotated_credentials_are_used_at_once(server: &mut Seaweed) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("credentials");
    let write = |server: &Seaweed| {
        let (key, secret) = server.keys();
        let new = dir.path().join("new");
        let text = format!("[csvp]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &path).unwrap();
    };
    write(server);
    let credentials = S3Credentials::File { path: path.clone(), profile: "csvp".into() };
    let options = S3Options { prefix: "rotated".into(), credentials, ..with_keys(server, "files") };
    let blobs = Blobs::open_s3(&options, None).await.unwrap();
    let key = original();
    blobs.put(key, "before".into()).await.unwrap();
    server.replace_keys("AKSECOND", "second-secret");
    let denied = blobs.put(key, "during".into()).await.unwrap_err();
    assert!(matches!(denied, StoreError::Internal(_)), "the old key is good for nothing: {denied:?}");
    write(server);
    blobs.put(key, "after".into()).await.unwrap();
    assert_eq!(blobs.read_all(&key, 100).await.unwrap(), "after");
}

async fn database(file: &Path) -> Meta {
    let meta = Meta::open(&MetaOptions::sqlite_file(file), Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    meta
}

async fn a_place_belongs_to_one_database(server: &Seaweed) {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) =
        (database(&dir.path().join("ours")).await, database(&dir.path().join("theirs")).await);
    let options = S3Options { prefix: "bound".into(), ..with_keys(server, "files") };
    let blobs = Blobs::open_s3(&options, None).await.unwrap();
    owner::bind(&ours, &blobs).await.unwrap();
    owner::bind(&ours, &blobs).await.unwrap();
    owner::check(&ours, &blobs).await.unwrap();
    let refused = owner::bind(&theirs, &blobs).await.unwrap_err();
    assert!(matches!(refused, BindError::OtherDatabase { .. }), "{refused:?}");
    let beside = S3Options { prefix: "beside".into(), ..options };
    owner::bind(&theirs, &Blobs::open_s3(&beside, None).await.unwrap()).await.unwrap();
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap(), [], "the mark is no object");

    // A copy of the database is let in until the other one goes on; then both are told.
    ours.clone().close().await.unwrap();
    std::fs::copy(dir.path().join("ours"), dir.path().join("copy")).unwrap();
    let (ours, copy) = (database(&dir.path().join("ours")).await, database(&dir.path().join("copy")).await);
    owner::renew(&ours, &blobs).await.unwrap();
    owner::bind(&copy, &blobs).await.unwrap();
    // Each of them, whoever asks and however often: it stands in the mark.
    for one in [&ours, &copy, &copy, &ours] {
        let refused = owner::renew(one, &blobs).await.unwrap_err();
        assert!(matches!(refused, BindError::Older { .. }), "{refused:?}");
    }
    for one in [&ours, &copy] {
        for refused in [owner::bind(one, &blobs).await, owner::check(one, &blobs).await] {
            assert!(matches!(refused, Err(BindError::Older { .. })), "{refused:?}");
        }
    }
    // A person decides, and takes the mark away.
    server.request("DELETE", "/files/bound/csvp-store.json");
    owner::bind(&ours, &blobs).await.unwrap();
    let refused = owner::renew(&copy, &blobs).await;
    assert!(matches!(refused, Err(BindError::Older { .. })), "{refused:?}");
}

/// A security token service: lends keys for the token that it is told, and counts the tokens it has seen.
async fn token_service(seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap();
            let query = target.split_once('?').unwrap().1;
            let of = |name: &str| {
                let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
                pair.unwrap_or_default().to_owned()
            };
            assert!(head.starts_with("POST "), "{head}");
            assert_eq!(of("Action"), "AssumeRoleWithWebIdentity");
            assert_eq!(of("RoleSessionName"), "csvp");
            let token = of("WebIdentityToken");
            seen.lock().unwrap().push(token.clone());
            // Lent keys that end so soon are fetched again for each request.
            let answer = if token.starts_with("good") {
                "200 OK|<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
                 <AccessKeyId>key</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>lent</SessionToken>\
                 <Expiration>2020-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
                 </AssumeRoleWithWebIdentityResponse>"
            } else {
                "403 Forbidden|<ErrorResponse><Error><Code>AccessDenied</Code>\
                 <Message>not for you</Message></Error></ErrorResponse>"
            };
            let (status, body) = answer.split_once('|').unwrap();
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_platform_is_exchanged_for_keys() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("files")).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sts = token_service(Arc::clone(&seen)).await;
    let token_file = dir.path().join("token");
    let address = serve(dir.path()).await;
    let credentials = S3Credentials::WebIdentity {
        token_file: token_file.clone(),
        role_arn: "arn:aws:iam::123456789012:role/csvp".into(),
        session_name: "csvp".into(),
        sts_endpoint: Some(format!("http://{sts}/")),
    };
    let options = options(format!("http://{address}"), "files", credentials);
    let missing = refused(&options).await;
    assert!(matches!(missing, S3OpenError::CredentialsFile { .. }), "{missing:?}");
    std::fs::write(&token_file, "bad").unwrap();
    let denied = refused(&options).await;
    assert!(matches!(denied, S3OpenError::Denied { .. }), "{denied:?}");
    assert!(denied.to_string().contains("not for you"), "{denied}");
    std::fs::write(&token_file, "good-1").unwrap();
    let blobs = Blobs::open_s3(&options, None).await.unwrap();
    let key = original();
    blobs.put(key, "by a role".into()).await.unwrap();
    std::fs::write(&token_file, "good-2").unwrap();
    assert_eq!(blobs.read_all(&key, 100).await.unwrap(), "by a role");
    let seen = seen.lock().unwrap();
    for token in ["bad", "good-1", "good-2"] {
        assert!(seen.iter().any(|it| it == token), "{seen:?}");
    }
}

/// A certificate for 127.0.0.1 that no system trusts, and a server that shows it.
fn own_certificate(dir: &Path) -> TlsAcceptor {
    let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("expected openssl on the PATH");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_ones_own_is_trusted_when_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("files")).unwrap();
    let address = serve_with(dir.path(), Some(own_certificate(dir.path()))).await;
    let mut options = options(format!("https://{address}"), "files", keys("key", "secret"));
    options.retry_deadline = Duration::from_secs(1);
    let unknown = refused(&options).await;
    assert!(matches!(unknown, S3OpenError::Unreachable { .. }), "{unknown:?}");
    options.ca_file = Some(dir.path().join("key.pem"));
    let no_certificate = refused(&options).await;
    assert!(matches!(no_certificate, S3OpenError::CaFile { .. }), "{no_certificate:?}");
    options.ca_file = Some(dir.path().join("certificate.pem"));
    let blobs = Blobs::open_s3(&options, None).await.unwrap();
    let key = original();
    blobs.put(key, "over TLS".into()).await.unwrap();
    assert_eq!(blobs.read_all(&key, 100).await.unwrap(), "over TLS");
}
