-- Most rows of people were only named by others; pages list those who have an account.
CREATE INDEX people_accounts ON people (id) WHERE can_sign_in;
CREATE INDEX people_admins ON people (id) WHERE is_admin;
-- Changing a role ends what was signed in before, and deactivating takes the links away.
CREATE INDEX sign_in_links_person ON sign_in_links (person_id);
