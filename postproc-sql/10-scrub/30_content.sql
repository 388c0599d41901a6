-- What people wrote. A pattern finds the e-mail in "write to minsu@…", none finds the name in
-- "민수님 확인 부탁드립니다". So free text is blotted out letter by letter: lengths, line breaks and
-- punctuation stay (layouts still break where they break in production), the words do not.
--
-- The helper lives in pg_temp: nothing stays behind in the database. Every file that needs it
-- makes its own, because the file before may have run on another connection.

CREATE OR REPLACE FUNCTION pg_temp.blot(original text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT translate(
        regexp_replace(
            regexp_replace(
                regexp_replace(original, '[A-Za-z]', 'x', 'g'),
                '[0-9]', '0', 'g'),
            '[^\x01-\x7f]', '가', 'g'),
        '@', '#')
$$;

UPDATE app.folders SET name = 'folder ' || id;

-- The extension stays, the application chooses an icon by it.
UPDATE app.files SET
    file_name = 'file-' || organisation_id || '-' || id || substring(file_name, '\.[a-z]+$'),
    sha256    = sha256(convert_to(organisation_id || '/' || id, 'UTF8')),
    exif      = NULL;

UPDATE app.comments SET body = pg_temp.blot(body);

-- The editor needs the list of blocks and their types; of a block only type and text survive.
UPDATE app.notes SET
    title       = pg_temp.blot(title),
    body        = COALESCE(
        (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                    'type', block -> 'type',
                    'text', pg_temp.blot(block ->> 'text'))) ORDER BY place)
         FROM jsonb_array_elements(body) WITH ORDINALITY blocks (block, place)),
        '[]'),
    shared_with = ARRAY(SELECT 'guest' || id || '-' || n || '@' || :'mail_domain'
                        FROM generate_subscripts(shared_with, 1) n);

UPDATE app.support_tickets SET
    subject = pg_temp.blot(subject),
    body    = pg_temp.blot(body),
    -- Tags are a fixed vocabulary; what is not in it was typed by somebody.
    tags    = ARRAY(SELECT tag FROM unnest(tags) WITH ORDINALITY t (tag, place)
                    WHERE tag IN ('billing', 'login') ORDER BY place);
