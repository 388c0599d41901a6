-- A statement is free text, of which nothing may stay.
UPDATE pay.disputes SET statement = 'The payer disputes transfer ' || transfer_id || '.';
