-- The shop came from a vendor, names and all. Quote what needs quoting.

UPDATE public."주문 내역" SET
    "받는 사람" = '받는이 ' || "주문 번호",
    "연락처"    = '010-0000-0000',
    "배송지"    = '가상시 보기구 예시로 ' || "주문 번호",
    "우편번호"  = '00000',
    "배송 메모" = NULL;

UPDATE public."Weird ""Quoted"" Name" SET
    "E-Mail"     = 'weird' || "ID" || '@' || :'mail_domain',
    "select"     = 'Sample ' || "ID",
    "Camel Case" = NULL;
