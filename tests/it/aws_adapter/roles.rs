//! Roles that are assumed.

use super::*;

#[test]
fn a_role_is_assumed_with_githubs_token() {
    // GitHub's token service, as far as we need it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let known = String::from_utf8_lossy(&head[..length]).contains("bearer job-secret");
            let answer =
                if known { "200 OK\r\ncontent-length: 15\r\n\r\n{\"value\":\"eyJ\"}" } else { "403 No\r\n\r\n" };
            write!(stream, "HTTP/1.1 {answer}").unwrap();
        }
    });
    let github = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-secret"),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
    ];
    scenario_with("roles::a_role_is_assumed_with_githubs_token", 107, &github, |account| async move {
        let aws = Aws::connect(&with_role(account.target(), "rotator")).await.unwrap();
        let identity = aws.identity().await.unwrap();
        assert_eq!(identity.account, account.number);
        assert!(identity.caller.ends_with(":assumed-role/rotator/devdb-app"), "{identity:?}");
        assert!(aws.generations().await.unwrap().is_empty());
        let assumed = account.journal().iter().filter(|call| call["action"] == "AssumeRoleWithWebIdentity").count();
        assert_eq!(assumed, 1, "the credentials are kept until they near their end");
    });
}

#[test]
fn githubs_refusal_is_named_without_the_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).unwrap();
            write!(stream, "HTTP/1.1 403 No\r\ncontent-length: 10\r\n\r\njob-secret").unwrap();
        }
    });
    let github = [("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-secret")];
    scenario_with("roles::githubs_refusal_is_named_without_the_secret", 108, &github, |account| async move {
        let aws = Aws::connect(&with_role(account.target(), "rotator")).await.unwrap();
        let refused = aws.identity().await.unwrap_err();
        assert!(matches!(refused, Error::Denied { .. }), "{refused:?}");
        assert!(refused.to_string().contains("returned no token: HTTP 403"), "{refused}");
        assert!(!format!("{refused:?}").contains("job-secret"), "{refused:?}");
    });
}

#[test]
fn a_role_is_assumed_from_the_standard_chain_outside_github() {
    scenario("roles::a_role_is_assumed_from_the_standard_chain_outside_github", 109, |account| async move {
        let aws = Aws::connect(&with_role(account.target(), "rotator")).await.unwrap();
        let identity = aws.identity().await.unwrap();
        assert_eq!(identity.account, account.number);
        assert!(identity.caller.ends_with(":assumed-role/rotator/devdb-app"), "{identity:?}");
    });
}

fn with_role(mut target: Target, role: &str) -> Target {
    let PlatformConfig::Aws(aws) = &mut target.platform else { unreachable!() };
    aws.role = Some(format!("arn:aws:iam::{}:role/{role}", aws.account));
    target
}
