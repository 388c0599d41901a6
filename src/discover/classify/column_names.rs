//! The meaning of column names. The last word decides: `email_count` is a count, `file_name` is not a person's name.

use super::category::Category;
use super::words::words;

/// What a column name suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameMeaning {
    /// Personal data.
    Personal(Category),
    /// Other data: a count, a type, a digest.
    Harmless,
    /// Names of people or things.
    NameOfAnything,
    /// Unknown.
    Unknown,
}

/// Returns the meaning of a column name. The table decides whose name a column `name` holds.
#[expect(clippy::too_many_lines, reason = "a table of words")]
pub(super) fn meaning(name: &str, table: &str) -> NameMeaning {
    if !name.is_ascii() {
        return hangul(name);
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(last) = words.last().copied() else { return NameMeaning::Unknown };
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
        return NameMeaning::Harmless;
    }
    if ends("sha256 sha1 sha512 md5 checksum etag digest") && !any("password passwd pwd pw token secret") {
        return NameMeaning::Harmless;
    }
    let category = if any("password passwd passwords pwd passphrase passcode bcrypt") || is("pw pw_hash user_pw") {
        Category::Password
    } else if is(
        "public_key idempotency_key primary_key foreign_key sort_key cache_key object_key storage_key translation_key",
    ) {
        return NameMeaning::Unknown;
    } else if any("token tokens secret secrets apikey otp totp salt credential credentials jwt cvc cvv pin")
        || is(
            "api_key access_key private_key secret_key session_key billing_key encryption_key auth_key signing_key license_key session_id sid",
        )
    {
        Category::Secret
    } else if any("email emails mail mails") || is("e_mail") || has("e") && (has("mail") || has("mails")) {
        Category::Email
    } else if any("ip ips ipaddr ipaddress ipv4 ipv6") || is("remote_addr remote_address client_addr") {
        Category::Ip
    } else if any("rrn jumin juminno ssn")
        || is("resident_no resident_number resident_registration_no resident_registration_number national_id")
    {
        Category::RegistrationNumber
    } else if any("brn saupja bizno") || any("biz business corp vat tax") && ends("no num number id regno nr") {
        Category::BusinessNumber
    } else if any("passport idfa gaid udid imei idfv iban ci di")
        || is(
            "device_id driver_license license_no account_no account_number bank_account provider_uid external_uid kakao_id naver_id google_id facebook_id apple_id customer_uid provider_user_id provider_id",
        )
    {
        Category::ForeignId
    } else if any(
        "phone phones tel telephone hp mobile mobiles cell cellphone handphone fax msisdn whatsapp jeonhwa hyudaepon",
    ) || is("contact_no contact_number mobile_no")
    {
        Category::Phone
    } else if any("cardno pan creditcard") || has("card") && ends("no num number card") {
        Category::Card
    } else if any("zip zipcode postal postcode zipcd") || is("post_code post_no") {
        Category::PostalCode
    } else if any("birth birthday birthdate dob bday birthyear") || is("born born_on") {
        Category::BirthDate
    } else if any("lat latitude lng lon longitude geo gps geom location coordinates latlng") {
        Category::Position
    } else if any("url urls uri homepage website webhook href link permalink") {
        Category::Url
    } else if is(
        "user_name username login login_id user_login nickname nick handle screen_name display_name slug alias login_name account_name",
    ) || ends("username nickname")
    {
        Category::Username
    } else if any("firstname") || is("first_name given_name fname given") {
        Category::GivenName
    } else if any("lastname surname") || is("last_name family_name lname") {
        Category::FamilyName
    } else if ends("name names nm fullname realname")
        || words.len() > 1 && matches!(words[words.len() - 2], "name" | "nm") && last.len() == 2
    {
        return name_of(&words, table);
    } else if ends(
        "holder cardholder recipient recipients receiver sender buyer payer payee signer signatory author authors artist customer guardian contact contacts depositor addressee",
    ) {
        Category::Name
    } else if any("address addresses addr addr1 addr2 street street1 street2 juso road residence") || is("line1 line2")
    {
        Category::Address
    } else if ends("company organisation organization employer corp corporation") {
        Category::Company
    } else if any(
        "note notes memo memos comment comments body message messages msg content contents description desc remark remarks bio reason feedback \
                   inquiry question answer text subject title summary exception error stacktrace payload query search keyword reply caption about introduction \
                   review transcript raw html markdown exif metadata",
    ) {
        Category::FreeText
    } else {
        return NameMeaning::Unknown;
    };
    NameMeaning::Personal(category)
}

/// Returns whose name a column holds, by the word before `name`, or else by the table.
fn name_of(words: &[&str], table: &str) -> NameMeaning {
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
    let at =
        words.iter().rposition(|word| matches!(*word, "name" | "names" | "nm" | "fullname" | "realname")).unwrap_or(0);
    let table: Vec<String> = self::words(table);
    let owner =
        if at > 0 {
            Some(words[at - 1])
        } else {
            table.iter().rev().map(String::as_str).find(|word| {
                word.parse::<u32>().is_err() && !among("backup bak old copy tmp temp archive history", word)
            })
        };
    if words[at].len() > 5 {
        return NameMeaning::Personal(Category::Name);
    }
    match owner {
        Some(word) if among(PEOPLE, word) => NameMeaning::Personal(Category::Name),
        Some(word) if among(COMPANIES, word) => NameMeaning::Personal(Category::Company),
        // A thing may be named after a person: the values decide.
        Some(word) if among(THINGS, word) => NameMeaning::Unknown,
        _ => NameMeaning::NameOfAnything,
    }
}

fn hangul(name: &str) -> NameMeaning {
    const KNOWN: [(&str, Category); 20] = [
        ("비밀번호 암호", Category::Password),
        ("토큰 비밀키 인증키", Category::Secret),
        ("이메일 메일 전자우편", Category::Email),
        ("아이피 접속지", Category::Ip),
        ("주민 외국인등록", Category::RegistrationNumber),
        ("사업자", Category::BusinessNumber),
        ("여권 면허 계좌번호", Category::ForeignId),
        ("휴대폰 휴대전화 핸드폰 전화 연락처 팩스 휴대번호", Category::Phone),
        ("카드번호 카드", Category::Card),
        ("우편번호", Category::PostalCode),
        ("생년월일 생일 생년", Category::BirthDate),
        ("위도 경도", Category::Position),
        ("홈페이지 링크", Category::Url),
        ("아이디 닉네임 별명", Category::Username),
        ("회사 상호 업체 법인명 거래처", Category::Company),
        ("주소 배송지 거주지", Category::Address),
        ("메모 비고 내용 설명 제목 사유 요청사항 요청 후기 문의 답변 특이사항 의견", Category::FreeText),
        (
            "성명 이름 받는사람 보내는사람 수령인 수취인 예금주 고객명 회원명 담당자 대표자 신청인 보호자 작성자 주문자 구매자",
            Category::Name,
        ),
        ("성씨", Category::FamilyName),
        ("직장", Category::Company),
    ];
    const HARMLESS: [&str; 14] = [
        "여부", "횟수", "건수", "개수", "일시", "상태", "유형", "종류", "구분", "금액", "순서", "버전", "시각", "수량",
    ];
    let name: String = name.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    if HARMLESS.iter().any(|end| name.ends_with(end)) {
        return NameMeaning::Harmless;
    }
    // Names of things: file, goods, table.
    if ["파일명", "파일이름", "상품명", "제품명", "상품이름", "테이블명", "메뉴명"]
        .iter()
        .any(|thing| name.contains(thing))
    {
        return NameMeaning::Unknown;
    }
    let found = KNOWN.iter().find(|(words, _)| words.split(' ').any(|word| name.contains(word)));
    found.map_or(NameMeaning::Unknown, |(_, category)| NameMeaning::Personal(*category))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_personal_data_have_a_category() {
        for (names, category) in [
            (
                "email e_mail eMail E-Mail mail_addr billing_email recovery_emails email_address user_mail 이메일 이메일주소 메일_주소",
                Category::Email,
            ),
            (
                "phone tel hp mobile mobile_no phone_number homeTel tel1 fax contact_no 휴대폰 휴대폰번호 연락처 전화번호",
                Category::Phone,
            ),
            (
                "full_name user_name_ko cust_nm bill_to_name card_holder recipient 성명 이름 받는_사람 예금주",
                Category::Name,
            ),
            ("first_name firstName given_name", Category::GivenName),
            ("last_name surname", Category::FamilyName),
            ("address addr addr1 street home_address bill_to_address 주소 배송지", Category::Address),
            ("zip zip_code postal_code 우편번호", Category::PostalCode),
            ("birth_date birthday dob dateOfBirth 생년월일", Category::BirthDate),
            ("rrn jumin_no resident_no ssn 주민등록번호 주민번호", Category::RegistrationNumber),
            ("biz_no business_no biz_reg_no 사업자등록번호", Category::BusinessNumber),
            ("card_number cardNo card_no 카드번호", Category::Card),
            ("ip last_login_ip ip_address remote_addr client_ip", Category::Ip),
            ("token access_token api_key totp_secret refreshToken billing_key", Category::Secret),
            ("password password_hash passwd user_pw 비밀번호", Category::Password),
            ("note memo comment body free_text delivery_note 메모 배송_메모 비고", Category::FreeText),
            ("username login nickname display_name 아이디", Category::Username),
            ("company organisation 회사 상호", Category::Company),
        ] {
            for name in names.split(' ') {
                assert_eq!(meaning(name, "orders"), NameMeaning::Personal(category), "{name}");
            }
        }
    }

    #[test]
    fn names_of_other_data_have_none() {
        for name in "email_verified email_count email_verified_at phone_type ip_version card_brand token_count emailOptin sha256 mime_type 이메일_인증여부 주문_금액".split(' ') {
            assert_eq!(meaning(name, "users"), NameMeaning::Harmless, "{name}");
        }
        for name in "file_name table_name event_name product_name 파일명".split(' ') {
            assert_eq!(meaning(name, "users"), NameMeaning::Unknown, "{name}");
        }
        assert_eq!(meaning("name", "users"), NameMeaning::Personal(Category::Name));
        assert_eq!(meaning("name", "users_backup_2023"), NameMeaning::Personal(Category::Name));
        assert_eq!(meaning("name", "organisations"), NameMeaning::Personal(Category::Company));
        assert_eq!(meaning("name", "plans"), NameMeaning::Unknown);
        assert_eq!(meaning("name", "things"), NameMeaning::NameOfAnything);
    }
}
