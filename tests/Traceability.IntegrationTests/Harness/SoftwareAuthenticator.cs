using System.Buffers.Binary;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// A passkey without a device: answers what a browser and its authenticator answer (WebAuthn level 3, "none"
/// attestation, ES256), user verification included.
/// </summary>
internal sealed class SoftwareAuthenticator(string origin) : IDisposable
{
    private const byte UserPresent = 0x01;
    private const byte UserVerified = 0x04;
    private const byte HasCredential = 0x40;

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _id = RandomNumberGenerator.GetBytes(32);
    private string _userHandle = "";

    /// <summary>The page that the browser believes to show.</summary>
    public string Origin { get; set; } = origin;
    private uint _count;

    /// <summary>What navigator.credentials.create answers to the server's options.</summary>
    public string Create(JsonElement options)
    {
        _userHandle = options.GetProperty("user").GetProperty("id").GetString()!;
        var client = ClientData("webauthn.create", options);
        var data = AuthenticatorData(options.GetProperty("rp").GetProperty("id").GetString()!, withKey: true);
        var attestation = new CborWriter();
        attestation.WriteStartMap(3);
        attestation.WriteTextString("fmt");
        attestation.WriteTextString("none");
        attestation.WriteTextString("attStmt");
        attestation.WriteStartMap(0);
        attestation.WriteEndMap();
        attestation.WriteTextString("authData");
        attestation.WriteByteString(data);
        attestation.WriteEndMap();
        return Credential(new
        {
            clientDataJSON = Encode(client),
            attestationObject = Encode(attestation.Encode()),
            transports = new[] { "internal" },
        });
    }

    /// <summary>What navigator.credentials.get answers.</summary>
    public string Get(JsonElement options)
    {
        _count++;
        var client = ClientData("webauthn.get", options);
        var data = AuthenticatorData(options.GetProperty("rpId").GetString()!, withKey: false);
        var signature = _key.SignData(
            [.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Credential(new
        {
            clientDataJSON = Encode(client),
            authenticatorData = Encode(data),
            signature = Encode(signature),
            userHandle = _userHandle,
        });
    }

    public void Dispose() => _key.Dispose();

    private byte[] ClientData(string type, JsonElement options) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        type,
        challenge = options.GetProperty("challenge").GetString(),
        origin = Origin,
        crossOrigin = false,
    });

    private byte[] AuthenticatorData(string domain, bool withKey)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(count, _count);
        var flags = (byte)(UserPresent | UserVerified | (withKey ? HasCredential : 0));
        byte[] data = [.. SHA256.HashData(Encoding.UTF8.GetBytes(domain)), flags, .. count];
        return withKey ? [.. data, .. AttestedCredential()] : data;
    }

    private byte[] AttestedCredential()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        var key = new CborWriter(CborConformanceMode.Ctap2Canonical);
        key.WriteStartMap(5);
        Write(1, 2); // kty: EC2
        Write(3, -7); // alg: ES256
        Write(-1, 1); // crv: P-256
        key.WriteInt32(-2);
        key.WriteByteString(point.X!);
        key.WriteInt32(-3);
        key.WriteByteString(point.Y!);
        key.WriteEndMap();
        return [.. new byte[16], 0, (byte)_id.Length, .. _id, .. key.Encode()];

        void Write(int label, int value)
        {
            key.WriteInt32(label);
            key.WriteInt32(value);
        }
    }

    private string Credential(object response) => JsonSerializer.Serialize(new
    {
        id = Encode(_id),
        rawId = Encode(_id),
        type = "public-key",
        clientExtensionResults = new { },
        authenticatorAttachment = "platform",
        response,
    });

    private static string Encode(byte[] bytes) => WebEncoders.Base64UrlEncode(bytes);
}
