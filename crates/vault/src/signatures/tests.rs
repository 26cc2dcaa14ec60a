//! Published signatures are verified, and none of them with another key, algorithm, message or bit.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// RFC 7515 appendix A.2.
const RSA_KEY: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 7515 appendix A.3.
const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 8037 appendix A.4.
const ED_KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// Made with PyJWT 2.15.1.
const PSS_KEY: &str = "3VzGGRsmod0IuCI6kbZ69CnRmzkVLPo3sN5nZ_YmgXT6_dqLLp9XoOQ2kdifWkQxxws0a9FMcuJUlub-J4LNPHF3yC-mHPPNpbcTjkAgJy8VfPjVjZTT_K_1mITQYGhTKwFOU5eE87PXGQfxhe4_plMH_gqIeWnEKMxHbi08dzpdFPYH_HiatiHWRs_avgJahDZfpA3ogd33diB9SyHEAOziQTppDQrVW9FIt4WhrTIvFTV9hVgvp7mXIDHdkC7_DLzA0yiTcC1EM1Wm7VN_ufRHcX4L0KI127IGih5VthgcmK2fIo3mZH8YzN0gz77CRsnCFJm2smwlFxpc8MFNbQ";
const PS256: &str = "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJweWp3dCJ9.YcrsyDtCJkYUoFWUH7XPXZxJUhRQ9ft8VRzKRmmfNjaz_Acq2kdTgZUZDXV5ThPb4J-HlPbBnSTrEBMWYW1lWTB6S9mnbZVAzMClnDpnuoLqFeunhdLdZXI5-QUnMAdTGIawmMphzOIXX_xzEph3wORxKg_8KRkn-uKGIjnJ797lZqY5luvkwuAsvzg6ngiTRLPXcmlsjCI1X5fYDBT8jiCMdkgFK-ynVs-m8F1RMrZE5xWzgPNQaJ1LLcIOXpZJE6bFaKC7_-aT1jqQh-CGHhYnaGMH10kLJpzcjdjnWrMpw02OD61L4QMw_DlMitoBiTicd6pjHa9SZAb2FJ9-IQ";

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn rsa_key(modulus: &str) -> TokenKeyMaterial {
    TokenKeyMaterial::Rsa { modulus: decoded(modulus), exponent: vec![1, 0, 1] }
}

fn ec_key() -> TokenKeyMaterial {
    let point = [vec![4], decoded(EC_X), decoded(EC_Y)].concat();
    TokenKeyMaterial::P256(Box::new(point.try_into().unwrap()))
}

fn vectors() -> [(TokenAlgorithm, TokenKeyMaterial, &'static str); 4] {
    [
        (TokenAlgorithm::Rs256, rsa_key(RSA_KEY), RS256),
        (TokenAlgorithm::Ps256, rsa_key(PSS_KEY), PS256),
        (TokenAlgorithm::Es256, ec_key(), ES256),
        (TokenAlgorithm::EdDsa, TokenKeyMaterial::Ed25519(decoded(ED_KEY).try_into().unwrap()), EDDSA),
    ]
}

fn parts(token: &str) -> (&[u8], Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    (signed.as_bytes(), decoded(signature))
}

#[test]
fn published_signatures_are_those_of_their_keys_and_of_no_other() {
    for (algorithm, _, token) in vectors() {
        let (signed, signature) = parts(token);
        for (other, key, _) in vectors() {
            for tried in TokenAlgorithm::ALL {
                let expected = *tried == algorithm && other == algorithm;
                let found = verify_token(*tried, &key, signed, &signature);
                assert_eq!(found, expected, "a token of {algorithm} as {tried}, with the key of {other}");
            }
        }
    }
}

#[test]
fn no_bit_of_a_signature_is_ignored() {
    for (algorithm, key, token) in vectors() {
        let (signed, signature) = parts(token);
        for at in 0..signature.len() * 8 {
            let mut changed = signature.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert!(!verify_token(algorithm, &key, signed, &changed), "{algorithm} bit {at}");
        }
        let mut message = signed.to_vec();
        message[30] ^= 1;
        assert!(!verify_token(algorithm, &key, &message, &signature), "{algorithm}");
        for wrong in [&signature[..signature.len() - 1], &[signature.as_slice(), &[0]].concat(), &[]] {
            assert!(!verify_token(algorithm, &key, signed, wrong), "{algorithm}");
        }
        // CVE-2022-21449: the zero signature of ECDSA.
        assert!(!verify_token(algorithm, &key, signed, &vec![0; signature.len()]), "{algorithm}");
    }
}

#[test]
fn a_modulus_may_have_a_zero_in_front_and_nothing_else_may_be_wrong_with_it() {
    let (signed, signature) = parts(RS256);
    let modulus = decoded(RSA_KEY);
    let verified = |modulus: Vec<u8>, exponent: Vec<u8>| {
        let key = TokenKeyMaterial::Rsa { modulus, exponent };
        verify_token(TokenAlgorithm::Rs256, &key, signed, &signature)
    };
    assert!(verified([&[0], modulus.as_slice()].concat(), vec![1, 0, 1]));
    assert!(!verified(modulus.clone(), vec![3]));
    assert!(!verified(modulus.clone(), vec![1]));
    assert!(!verified(modulus.clone(), vec![]));
    assert!(!verified(vec![], vec![1, 0, 1]));
    assert!(!verified(vec![0; 256], vec![1, 0, 1]));
    assert!(!verified(modulus[..128].to_vec(), vec![1, 0, 1]), "1024 bits");
}
