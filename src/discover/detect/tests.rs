use std::collections::BTreeSet;

use crate::config::mask::Scalar;
use crate::discover::detect::*;
use crate::mask::Rule;

/// All matches, as kind and text.
fn found(text: &str) -> Vec<(Kind, String)> {
    let mut found = find(text);
    found.sort_by_key(|one| one.start);
    found.iter().map(|one| (one.kind, text[one.start..one.end].to_owned())).collect()
}

fn finds(kind: Kind, text: &str, what: &str) {
    assert_eq!(found(text), [(kind, what.to_owned())], "{text}");
}

fn finds_nothing(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn e_mail_addresses_are_found() {
    for (text, what) in [
        ("kim.minsu@gmail.com", "kim.minsu@gmail.com"),
        ("메일은kim@naver.com로 주세요", "kim@naver.com"),
        ("<Minsu.Kim+dev@Sub.Haneul.co.kr>,", "Minsu.Kim+dev@Sub.Haneul.co.kr"),
        ("Write to o'connor@x.io.", "o'connor@x.io"),
        ("?email=kim%40gmail.com&x=1", "kim%40gmail.com"),
        ("이메일@한글.한국", "이메일@한글.한국"),
        ("josé@gmail.com", "josé@gmail.com"),
        ("kim＠naver．com", "kim＠naver．com"),
        ("{\"to\":\"a_b@c-d.org\"}", "a_b@c-d.org"),
        ("s:2:\"to\";s:20:\"lee@haneul.example\"", "lee@haneul.example"),
        ("mailto:kim@haneul.kr", "kim@haneul.kr"),
        ("1@2.io", "1@2.io"),
    ] {
        // 'é' before the @ is not ASCII, and 'j' to 's' still belong to the local part.
        finds(Kind::Email, text, what);
    }
    finds_nothing(&[
        "@minsu님 확인",
        "user@localhost",
        "logo@2x.png",
        "lodash@4.17.21",
        "git@github.com:org/repo.git",
        "https://user@host.com/x",
        "a@b",
        "@",
        "@@@@",
        "x@-.com",
        "Queue\\CallQueuedHandler@call",
        "Xxx.Xxxxx@Xxxxxx.xxxxxxx",
        "%40",
    ]);
    let text = "a@Haneul.KR";
    assert_eq!(find(text)[0].domain(text), Some("Haneul.KR"));
    let text = "a%40haneul.kr";
    assert_eq!(find(text)[0].domain(text), Some("haneul.kr"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of examples")]
fn telephone_numbers_are_found() {
    for text in [
        "010-1234-5678",
        "01012345678",
        "010 1234 5678",
        "010.1234.5678",
        "010-12345678",
        "011-234-5678",
        "+82 10-1234-5678",
        "+82-10-1234-5678",
        "+821012345678",
        "+82 (0)10-1234-5678",
        "82-10-1234-5678",
        "02-123-4567",
        "02-1234-5678",
        "02)123-4567",
        "031-123-4567",
        "070-1234-5678",
        "0502-123-4567",
        "+82 2-123-4567",
        "415-555-2671",
        "415.555.2671",
        "1-415-555-2671",
        "+14155552671",
        "+1 415 555 2671",
        "+442071838750",
        "+44 20 7183 8750",
        "+49 30 1234567",
        "+998901234567",
    ] {
        finds(Kind::Phone, text, text);
        finds(Kind::Phone, &format!("연락처{text}로 전화"), text);
        finds(Kind::Phone, &format!("tel:{text}, 2026-01-01"), text);
    }
    finds(Kind::Phone, "(415) 555-2671", "415) 555-2671");
    finds(Kind::Phone, "０１０－１２３４－５６７８", "０１０－１２３４－５６７８");
    finds(Kind::Phone, "2026 010-1234-5678", "010-1234-5678");
    finds(Kind::Phone, "1 2 3 4 5 6 7 8 9 010-1234-5678", "010-1234-5678");
    assert_eq!(found("010-1234-5678/02-123-4567 010-1111-2222").len(), 3);
    finds_nothing(&[
        "2026-01-01T00:00:00+09:00",
        "2026-01-01 12:34:56.123456+00",
        "1793404800",
        "1767225600123",
        "20261121021700",
        "HN-2026-000123",
        "ORD-010-1234-5678",
        "x01012345678",
        "010123456789",
        "#01012345678",
        "0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11",
        "12345678-1234-1234-1234-123456789012",
        "1.234.567.8901",
        "415-555-0123",
        "000-0000-0000",
        "010-0000-0000",
        "1,010-1234-5678",
        "37.123456, 127.010123",
        "0.01012345678",
        "02-12-2026",
        "+999123456789",
        "+99912345678901234567",
        "12+4155552671",
        "+12345678",
        "4155552671",
        "010-1234-5678-9012",
    ]);
}

#[test]
fn cards_and_official_numbers_are_found() {
    for text in
        ["4539-0007-3687-8721", "4539000736878721", "5425 2334 3010 9903", "374245455400126", "3742 454554 00126"]
    {
        finds(Kind::Card, text, text);
        finds(Kind::Card, &format!("카드 {text} 로 결제"), text);
    }
    finds_nothing(&[
        "4539-0007-3687-8722",
        "4242-4242-4242-4242",
        "4111111111111111",
        "4000-0044-4853-5208",
        "4000000253717971",
        "1234567890123452",
        "0000-0000-0000-0000",
        "4539-0007 3687-8721",
        "d4539000736878721",
    ]);
    for text in ["880417-1234560", "8804171234560", "900101-2345672"] {
        let valid = with_check_digit(text);
        finds(Kind::RegistrationNumber, &valid, &valid);
        finds(Kind::RegistrationNumber, &format!("주민번호{valid}입니다"), &valid);
    }
    finds_nothing(&["881317-1234567", "880230-1234567", "000000-0000000", "1712251234567", "920821-2495130"]);
    finds(Kind::BusinessNumber, "사업자 124-81-00998.", "124-81-00998");
    finds_nothing(&["124-81-00999", "1248100998", "517-01-37369", "000-00-00000"]);
}

/// A registration number with its last digit replaced by the check digit.
fn with_check_digit(number: &str) -> String {
    let stem = &number[..number.len() - 1];
    (0..10).map(|digit| format!("{stem}{digit}")).find(|number| !find(number).is_empty()).expect("one of ten is valid")
}

#[test]
fn public_addresses_are_found() {
    for text in ["121.160.12.7", "8.8.8.200", "2404:6800:4004:80a::200e", "2a02:26f0::1"] {
        finds(Kind::IpAddress, text, text);
        finds(Kind::IpAddress, &format!("from {text}, at 12:34:56"), text);
    }
    finds(Kind::IpAddress, "http://121.160.12.7:8080/", "121.160.12.7");
    finds_nothing(&[
        "192.168.0.1",
        "10.20.30.40",
        "172.16.5.5",
        "127.0.0.1",
        "169.254.1.200",
        "203.0.113.7",
        "198.51.100.11",
        "192.0.2.44",
        "100.64.30.2",
        "1.2.3.4",
        "15.18.0.3",
        "Chrome/120.0.99.109",
        "121.160.12.7.9",
        "v121.160.12.7",
        "121.160.012.7",
        "256.160.12.70",
        "2001:db8::7",
        "fe80::1",
        "::1",
        "12:34:56:78",
        "00:1b:63:84:45:e6",
        "2026:10:31 12:00",
    ]);
}

#[test]
fn secrets_are_found() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "hnl_live_0123456789abcdef0123456789abcdef",
        "xoxb-123456789012-abcdefghij",
        "whsec_0123456789abcdef0123456789abcdef",
        "ya29.0123456789abcdef0123456789abcdef",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "-----BEGIN RSA PRIVATE KEY-----",
        "$2b$12$0123456789abcdef0123456789abcdef0123456789abcdef01234",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b27kQ",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
        "pbkdf2_sha256$600000$abcdefghij$0123456789abcdef",
    ] {
        finds(Kind::Secret, text, text);
        finds(Kind::Secret, &format!("token={text}\n"), text);
    }
    finds(Kind::Secret, "postgres://app:s3cr3t@db.internal:5432/x", "s3cr3t");
    finds(Kind::Secret, "postgres://app:s3cr3t@localhost/x", "s3cr3t");
    finds_nothing(&[
        "d41d8cd98f00b204e9800998ecf8427e",
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Illuminate\\Queue\\CallQueuedHandler",
        "thisIsAVeryLongCamelCaseIdentifierWithNumbers123InIt",
        "assets/images/2026/November/Banner-Large-Version2.final.jpg",
        "The quick brown fox jumps over the lazy dog",
        "pk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        "-----BEGIN CERTIFICATE-----",
        "----------",
        "$2b$12$short",
        "$12.50",
        "user_52fa5acfe7ff4c0d",
    ]);
}

#[test]
fn output_of_masks_is_not_found() {
    let harmless = Domains::harmless(["dev.example"]);
    for entry in crate::mask::reference::entries() {
        let rule = Rule::resolve(&serde_yaml::from_str(entry.mask).unwrap()).unwrap();
        let exempt = match &rule {
            // The examples are valid numbers, which become invalid ones.
            Rule::RegistrationNumber | Rule::BusinessNumber => BTreeSet::new(),
            rule => resembled(rule),
        };
        for found in find(entry.to) {
            let allowed = found.domain(entry.to).is_some_and(|domain| harmless.contain(domain));
            assert!(allowed || exempt.contains(&found.kind), "{}: {} is a {}", entry.mask, entry.to, found.kind);
        }
    }
    let fixed = Rule::Fixed(Scalar::Text("$2b$12$0123456789abcdef0123456789abcdef0123456789abcdef01234".into()));
    assert_eq!(resembled(&fixed), [Kind::Secret].into());
    let masks = [(Rule::BusinessNumber, Kind::BusinessNumber), (Rule::RegistrationNumber, Kind::RegistrationNumber)];
    for (rule, kind) in masks {
        assert_eq!(resembled(&rule), [kind].into(), "an invalid number may become valid");
    }
}

#[test]
fn hostile_texts_are_read_to_their_end() {
    let long = "1-".repeat(50_000);
    assert_eq!(found(&long), []);
    assert_eq!(found(&"@a.".repeat(20_000)), []);
    assert_eq!(found(&"a1B-".repeat(20_000)), []);
    assert!(find(&"kim@x.kr ".repeat(5000)).len() == 5000);
    for text in [
        "010-",
        "+",
        "+82",
        "%4",
        "::",
        "2001:",
        "-----BEGIN ",
        "$",
        "$2",
        "eyJ",
        "eyJ.",
        "\u{0}",
        "😀@😀.😀",
        "０",
        "１.２.３.４@",
    ] {
        let _ = find(text);
    }
    // Offsets are those of the original, also after characters of other widths.
    let text = "👩‍👩‍👧 – kim＠naver．com …";
    assert_eq!(found(text), [(Kind::Email, "kim＠naver．com".to_owned())]);
}

#[test]
fn domains_include_their_subdomains() {
    let domains = Domains::harmless(["haneul.example"]);
    for domain in ["example.com", "mail.Example.org", "haneul.example", "a.b.haneul.example"] {
        assert!(domains.contain(domain), "{domain}");
    }
    for domain in ["gmail.com", "notexample.com", "example.com.evil.kr", "com", ""] {
        assert!(!domains.contain(domain), "{domain}");
    }
}

proptest::proptest! {
    #[test]
    fn offsets_are_character_boundaries(text in "[０-９0-9@.+\\-() a-c가-나＠–$:%]{0,40}") {
        for found in find(&text) {
            proptest::prop_assert!(text.get(found.start..found.end).is_some_and(|part| !part.is_empty()), "{found:?} in {text:?}");
        }
    }
}
