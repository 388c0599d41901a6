-- Money: amounts and dates stay, they are what the reports are tested with; who paid does not.

-- One off the well-known test card 4242-4242-4242-4242: no payment service takes it.
UPDATE billing.payment_methods SET
    card_holder = 'CARD HOLDER ' || id,
    card_number = '4242-4242-4242-4241',
    expires     = '12/99';

UPDATE billing.invoices SET
    bill_to_name    = '담당자 ' || organisation_id,
    bill_to_email   = 'billing' || organisation_id || '@' || :'mail_domain',
    bill_to_address = CASE WHEN bill_to_address IS NOT NULL THEN '가상시 보기구 예시로 ' || organisation_id END;

UPDATE billing.payments SET
    provider_response = jsonb_strip_nulls(jsonb_build_object(
        'pg', provider_response -> 'pg',
        'result', provider_response -> 'result',
        'imp_uid', 'imp_dev_' || id));
