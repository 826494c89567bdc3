"""HTTP for all pages and the API: middleware, cookies, CSRF, limits, errors, languages."""
