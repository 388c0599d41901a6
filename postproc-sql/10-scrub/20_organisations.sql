-- Customers, and the companies that might become some.

-- This trigger writes "your billing address has changed" to the old, real address.
ALTER TABLE app.organisations DISABLE TRIGGER organisations_billing_email;

UPDATE app.organisations SET
    name          = '(주)예시 ' || id,
    business_no   = CASE WHEN business_no IS NOT NULL THEN '000-00-' || lpad((id % 100000)::text, 5, '0') END,
    billing_email = 'billing' || id || '@' || :'mail_domain',
    -- Same number of phones, none of them real; 02-0… is not given out either.
    phones        = ARRAY(SELECT '02-0000-' || lpad((id % 1000)::text, 3, '0') || n
                          FROM generate_subscripts(phones, 1) n)::app.phone_number[],
    address       = CASE WHEN address IS NOT NULL THEN '가상시 보기구 예시로 ' || id END,
    contact       = CASE WHEN contact IS NOT NULL THEN
        ROW('담당자 ' || id, 'contact' || id || '@' || :'mail_domain', '02-0000-0000')::app.contact END,
    settings      = jsonb_strip_nulls(jsonb_build_object(
        'sso', settings -> 'sso',
        'seats', settings -> 'seats'));

ALTER TABLE app.organisations ENABLE TRIGGER organisations_billing_email;

UPDATE app.contracts SET
    signer = ROW('서명자 ' || id, 'signer' || id || '@' || :'mail_domain', '02-0000-0000')::app.contact;

UPDATE app.marketing_leads SET
    email     = 'lead' || id || '@' || :'mail_domain',
    full_name = 'Lead Sample ' || id,
    company   = CASE WHEN company IS NOT NULL THEN '(주)예시 리드 ' || id END,
    mobile    = CASE WHEN mobile IS NOT NULL THEN '010-0000-0000' END,
    utm       = jsonb_strip_nulls(jsonb_build_object('campaign', utm -> 'campaign'));
