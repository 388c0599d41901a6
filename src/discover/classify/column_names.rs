//! What a name says. A name is cut into words (`emailVerifiedAt`, `bill_to_name`, `E-Mail`), and the last
//! one rules: `email_count` is a count and `file_name` is no person's.

use crate::discover::classify::category::Sense;

/// What a name says of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// They are personal.
    Sense(Sense),
    /// They are something else: a count, a kind, the name of a thing.
    Harmless,
    /// Names, of people or of things.
    AnyName,
    /// Nothing.
    Nothing,
}

/// Reads a name; `table` helps where `name` could be anybody's or anything's.
pub(crate) fn said(name: &str, table: &str) -> Said {
    if !name.is_ascii() {
        return hangul(name);
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(last) = words.last().copied() else { return Said::Nothing };
    let has = |word: &str| words.contains(&word);
    let any = |list: &str| list.split(' ').any(has);
    let ends = |list: &str| list.split(' ').any(|word| word == last);
    let joined = words.join("_");
    let is = |list: &str| list.split(' ').any(|phrase| joined == phrase || joined.ends_with(&format!("_{phrase}")));

    if ends(
        "count counts total at on verified confirmed enabled disabled allowed required optin sent opened bounced subscribed version \
             type types kind status state flag limit quota size length width height position order index rank level template format locale \
             language lang currency brand provider channel method algorithm expired revoked attempts retries score ratio percent weight \
             mime extension exponent scope scopes domain domains",
    ) && !is("home_state domicile")
    {
        return Said::Harmless;
    }
    if ends("sha256 sha1 sha512 md5 checksum etag digest") && !any("password passwd pwd pw token secret") {
        return Said::Harmless;
    }
    let sense = if any("password passwd passwords pwd passphrase passcode bcrypt") || is("pw pw_hash user_pw") {
        Sense::Password
    } else if is(
        "public_key idempotency_key primary_key foreign_key sort_key cache_key object_key storage_key translation_key",
    ) {
        return Said::Nothing;
    } else if any("token tokens secret secrets apikey otp totp salt credential credentials jwt cvc cvv pin")
        || is(
            "api_key access_key private_key secret_key session_key billing_key encryption_key auth_key signing_key license_key session_id sid",
        )
    {
        Sense::Secret
    } else if any("email emails mail mails") || is("e_mail") || has("e") && (has("mail") || has("mails")) {
        Sense::Email
    } else if any("ip ips ipaddr ipaddress ipv4 ipv6") || is("remote_addr remote_address client_addr") {
        Sense::Ip
    } else if any("rrn jumin juminno ssn")
        || is("resident_no resident_number resident_registration_no resident_registration_number national_id")
    {
        Sense::RegistrationNumber
    } else if any("brn saupja bizno") || any("biz business corp vat tax") && ends("no num number id regno nr") {
        Sense::BusinessNumber
    } else if any("passport idfa gaid udid imei idfv iban ci di")
        || is(
            "device_id driver_license license_no account_no account_number bank_account provider_uid external_uid kakao_id naver_id google_id facebook_id apple_id customer_uid provider_user_id provider_id",
        )
    {
        Sense::ForeignId
    } else if any(
        "phone phones tel telephone hp mobile mobiles cell cellphone handphone fax msisdn whatsapp jeonhwa hyudaepon",
    ) || is("contact_no contact_number mobile_no")
    {
        Sense::Phone
    } else if any("cardno pan creditcard") || has("card") && ends("no num number card") {
        Sense::Card
    } else if any("zip zipcode postal postcode zipcd") || is("post_code post_no") {
        Sense::PostalCode
    } else if any("birth birthday birthdate dob bday birthyear") || is("born born_on") {
        Sense::BirthDate
    } else if any("lat latitude lng lon longitude geo gps geom location coordinates latlng") {
        Sense::Position
    } else if any("url urls uri homepage website webhook href link permalink") {
        Sense::Url
    } else if is(
        "user_name username login login_id user_login nickname nick handle screen_name display_name slug alias login_name account_name",
    ) || ends("username nickname")
    {
        Sense::Username
    } else if any("firstname") || is("first_name given_name fname given") {
        Sense::GivenName
    } else if any("lastname surname") || is("last_name family_name lname") {
        Sense::FamilyName
    } else if ends("name names nm fullname realname")
        || words.len() > 1 && matches!(words[words.len() - 2], "name" | "nm") && last.len() == 2
    {
        return name_of(&words, table);
    } else if ends(
        "holder cardholder recipient recipients receiver sender buyer payer payee signer signatory author authors artist customer guardian contact contacts depositor addressee",
    ) {
        Sense::Name
    } else if any("address addresses addr addr1 addr2 street street1 street2 juso road residence") || is("line1 line2")
    {
        Sense::Address
    } else if ends("company organisation organization employer corp corporation") {
        Sense::Company
    } else if any(
        "note notes memo memos comment comments body message messages msg content contents description desc remark remarks bio reason feedback \
                   inquiry question answer text subject title summary exception error stacktrace payload query search keyword reply caption about introduction \
                   review transcript raw html markdown exif metadata",
    ) {
        Sense::FreeText
    } else {
        return Said::Nothing;
    };
    Said::Sense(sense)
}

/// Whose name it is: by the word before, else by the table.
fn name_of(words: &[&str], table: &str) -> Said {
    const PEOPLE: &str = "user users member members customer customers person people employee employees staff client clients contact contacts lead leads \
        guest guests patient patients student students teacher teachers driver drivers profile profiles account accounts recipient sender receiver buyer \
        payer payee signer author owner holder depositor manager applicant candidate candidates full real legal bill ship to guardian parent child cust mem emp \
        subscriber subscribers attendee attendees participant participants doctor seller reviewer";
    const COMPANIES: &str = "company companies organisation organisations organization organizations org orgs corp vendor vendors supplier suppliers partner \
        partners employer shop shops store stores team teams tenant tenants agency hospital school workplace";
    const THINGS: &str = "file files table event events column field class job queue product products plan plans role roles group groups tag tags category \
        categories schema index host app service template type brand country region bank model device project projects folder folders item items option menu \
        permission feature currency campaign sheet page setting display_type item sku locale city district channel bucket database function method module \
        step workflow rule metric mime migration";
    let among = |list: &str, word: &str| list.split_ascii_whitespace().any(|known| known == word);
    let place =
        words.iter().rposition(|word| matches!(*word, "name" | "names" | "nm" | "fullname" | "realname")).unwrap_or(0);
    let table: Vec<String> = self::words(table);
    let before =
        if place > 0 {
            Some(words[place - 1])
        } else {
            table.iter().rev().map(String::as_str).find(|word| {
                word.parse::<u32>().is_err() && !among("backup bak old copy tmp temp archive history", word)
            })
        };
    if words[place].len() > 5 {
        return Said::Sense(Sense::Name);
    }
    match before {
        Some(word) if among(PEOPLE, word) => Said::Sense(Sense::Name),
        Some(word) if among(COMPANIES, word) => Said::Sense(Sense::Company),
        // A thing may be called after somebody: its values are looked at.
        Some(word) if among(THINGS, word) => Said::Nothing,
        _ => Said::AnyName,
    }
}

fn hangul(name: &str) -> Said {
    const KNOWN: [(&str, Sense); 20] = [
        ("비밀번호 암호", Sense::Password),
        ("토큰 비밀키 인증키", Sense::Secret),
        ("이메일 메일 전자우편", Sense::Email),
        ("아이피 접속지", Sense::Ip),
        ("주민 외국인등록", Sense::RegistrationNumber),
        ("사업자", Sense::BusinessNumber),
        ("여권 면허 계좌번호", Sense::ForeignId),
        ("휴대폰 휴대전화 핸드폰 전화 연락처 팩스 휴대번호", Sense::Phone),
        ("카드번호 카드", Sense::Card),
        ("우편번호", Sense::PostalCode),
        ("생년월일 생일 생년", Sense::BirthDate),
        ("위도 경도", Sense::Position),
        ("홈페이지 링크", Sense::Url),
        ("아이디 닉네임 별명", Sense::Username),
        ("회사 상호 업체 법인명 거래처", Sense::Company),
        ("주소 배송지 거주지", Sense::Address),
        ("메모 비고 내용 설명 제목 사유 요청사항 요청 후기 문의 답변 특이사항 의견", Sense::FreeText),
        (
            "성명 이름 받는사람 보내는사람 수령인 수취인 예금주 고객명 회원명 담당자 대표자 신청인 보호자 작성자 주문자 구매자",
            Sense::Name,
        ),
        ("성씨", Sense::FamilyName),
        ("직장", Sense::Company),
    ];
    const HARMLESS: [&str; 14] = [
        "여부", "횟수", "건수", "개수", "일시", "상태", "유형", "종류", "구분", "금액", "순서", "버전", "시각", "수량",
    ];
    let name: String = name.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    if HARMLESS.iter().any(|end| name.ends_with(end)) {
        return Said::Harmless;
    }
    // A thing's name: file, goods, table.
    if ["파일명", "파일이름", "상품명", "제품명", "상품이름", "테이블명", "메뉴명"]
        .iter()
        .any(|thing| name.contains(thing))
    {
        return Said::Nothing;
    }
    let found = KNOWN.iter().find(|(words, _)| words.split(' ').any(|word| name.contains(word)));
    found.map_or(Said::Nothing, |(_, sense)| Said::Sense(*sense))
}

/// Words in lower case: cut at signs and where small letters turn to capitals. Digits at an end are cut off.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else {
            if c.is_uppercase() && small {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        small = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    for word in &mut words {
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() >= 3 && !matches!(word.as_str(), "sha256" | "sha1" | "sha512" | "md5" | "ipv4" | "ipv6") {
            word.truncate(stem.len());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_values_are() {
        for (names, sense) in [
            (
                "email e_mail eMail E-Mail mail_addr billing_email recovery_emails email_address user_mail 이메일 이메일주소 메일_주소",
                Sense::Email,
            ),
            (
                "phone tel hp mobile mobile_no phone_number homeTel tel1 fax contact_no 휴대폰 휴대폰번호 연락처 전화번호",
                Sense::Phone,
            ),
            (
                "full_name user_name_ko cust_nm bill_to_name card_holder recipient 성명 이름 받는_사람 예금주",
                Sense::Name,
            ),
            ("first_name firstName given_name", Sense::GivenName),
            ("last_name surname", Sense::FamilyName),
            ("address addr addr1 street home_address bill_to_address 주소 배송지", Sense::Address),
            ("zip zip_code postal_code 우편번호", Sense::PostalCode),
            ("birth_date birthday dob dateOfBirth 생년월일", Sense::BirthDate),
            ("rrn jumin_no resident_no ssn 주민등록번호 주민번호", Sense::RegistrationNumber),
            ("biz_no business_no biz_reg_no 사업자등록번호", Sense::BusinessNumber),
            ("card_number cardNo card_no 카드번호", Sense::Card),
            ("ip last_login_ip ip_address remote_addr client_ip", Sense::Ip),
            ("token access_token api_key totp_secret refreshToken billing_key", Sense::Secret),
            ("password password_hash passwd user_pw 비밀번호", Sense::Password),
            ("note memo comment body free_text delivery_note 메모 배송_메모 비고", Sense::FreeText),
            ("username login nickname display_name 아이디", Sense::Username),
            ("company organisation 회사 상호", Sense::Company),
        ] {
            for name in names.split(' ') {
                assert_eq!(said(name, "orders"), Said::Sense(sense), "{name}");
            }
        }
    }

    #[test]
    fn names_of_other_things_are_told_apart() {
        for name in "email_verified email_count email_verified_at phone_type ip_version card_brand token_count emailOptin sha256 mime_type 이메일_인증여부 주문_금액".split(' ') {
            assert_eq!(said(name, "users"), Said::Harmless, "{name}");
        }
        for name in "file_name table_name event_name product_name 파일명".split(' ') {
            assert_eq!(said(name, "users"), Said::Nothing, "{name}");
        }
        assert_eq!(said("name", "users"), Said::Sense(Sense::Name));
        assert_eq!(said("name", "users_backup_2023"), Said::Sense(Sense::Name));
        assert_eq!(said("name", "organisations"), Said::Sense(Sense::Company));
        assert_eq!(said("name", "plans"), Said::Nothing);
        assert_eq!(said("name", "things"), Said::AnyName);
        assert_eq!(words("HTMLBody2 x-Y_z"), ["htmlbody", "x", "y", "z"]);
    }
}
