using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace Traceability.Proofs.Keeping;

/// <summary>Where a token of PKCS#11 is found.</summary>
/// <param name="Library">The vendor's library, such as /usr/lib/softhsm/libsofthsm2.so.</param>
/// <param name="Token">The label of the token.</param>
/// <param name="PinFile">File with the PIN of its user.</param>
public sealed record Pkcs11Settings(string Library, string Token, string PinFile);

/// <summary>
/// A hardware security module, or whatever else speaks PKCS#11 (OASIS, 2.40). Each owner has an AES key of its own in
/// the token, which never leaves it and is made when it is missing; it wraps with AES-256-GCM.
/// </summary>
public sealed class Pkcs11KeyStore : IKeyStore, IDisposable
{
    private const int NonceBytes = 12;
    private const int BitsInByte = 8;
    private const ulong TagBits = 128;
    private const ulong KeyBytes = 32;

    /// <summary>The wrapper asks for a name that only machines with a compiler have; once for the process.</summary>
    private static readonly Lazy<bool> Resolving = new(() =>
    {
        NativeLibrary.SetDllImportResolver(
            typeof(Pkcs11InteropFactories).Assembly,
            (name, _, _) => name == "libdl" && NativeLibrary.TryLoad("libdl.so.2", out var library) ? library : 0);
        return true;
    });

    private readonly Pkcs11InteropFactories _factories = new();
    private readonly Lock _using = new();
    private readonly IPkcs11Library _library;
    private readonly Pkcs11Settings _settings;

    public Pkcs11KeyStore(Pkcs11Settings settings)
    {
        _settings = settings;
        _ = Resolving.Value;
        _library = _factories.Pkcs11LibraryFactory.LoadPkcs11Library(
            _factories, settings.Library, AppType.MultiThreaded);
    }

    public string Name => $"PKCS#11 token {_settings.Token}";

    public byte[] Wrap(Guid ownerId, byte[] key) => InSession(session =>
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        using var parameters = Parameters(nonce, ownerId);
        using var mechanism = _factories.MechanismFactory.Create(CKM.CKM_AES_GCM, parameters);
        return (byte[])[.. nonce, .. session.Encrypt(mechanism, Find(session, ownerId) ?? Make(session, ownerId), key)];
    });

    public byte[] Unwrap(Guid ownerId, byte[] wrapped) => InSession(session =>
    {
        if (Find(session, ownerId) is not { } handle || wrapped.Length <= NonceBytes)
        {
            throw new ProofException(ProofFailure.UnknownKey, $"The token {_settings.Token} has no key of {ownerId}.");
        }

        using var parameters = Parameters(wrapped[..NonceBytes], ownerId);
        using var mechanism = _factories.MechanismFactory.Create(CKM.CKM_AES_GCM, parameters);
        try
        {
            return session.Decrypt(mechanism, handle, wrapped[NonceBytes..]);
        }
        catch (Pkcs11Exception)
        {
            throw new ProofException(ProofFailure.Malformed, "The token did not wrap this for that owner.");
        }
    });

    public void Dispose() => _library.Dispose();

    /// <summary>One at a time: a token may allow only one session, and keys are opened once at a start.</summary>
    private byte[] InSession(Func<ISession, byte[]> work)
    {
        lock (_using)
        {
            var slot = _library.GetSlotList(SlotsType.WithTokenPresent)
                    .FirstOrDefault(one => one.GetTokenInfo().Label.TrimEnd() == _settings.Token)
                ?? throw new InvalidOperationException(
                    $"{_settings.Library} shows no token {_settings.Token}: is it there, and initialized?");
            using var session = slot.OpenSession(SessionType.ReadWrite);
            session.Login(CKU.CKU_USER, File.ReadAllText(_settings.PinFile).Trim());
            try
            {
                return work(session);
            }
            finally
            {
                session.Logout();
            }
        }
    }

    private Net.Pkcs11Interop.HighLevelAPI.MechanismParams.ICkGcmParams Parameters(byte[] nonce, Guid ownerId) =>
        _factories.MechanismParamsFactory.CreateCkGcmParams(
            nonce, (ulong)(nonce.Length * BitsInByte), Encoding.ASCII.GetBytes($"{ownerId}"), TagBits);

    private IObjectHandle? Find(ISession session, Guid ownerId) => session.FindAllObjects(
    [
        Attribute(CKA.CKA_CLASS, CKO.CKO_SECRET_KEY), Attribute(CKA.CKA_LABEL, Label(ownerId)),
    ]).FirstOrDefault();

    private IObjectHandle Make(ISession session, Guid ownerId)
    {
        using var mechanism = _factories.MechanismFactory.Create(CKM.CKM_AES_KEY_GEN);
        return session.GenerateKey(
            mechanism,
            [
                Attribute(CKA.CKA_CLASS, CKO.CKO_SECRET_KEY),
                _factories.ObjectAttributeFactory.Create(CKA.CKA_KEY_TYPE, CKK.CKK_AES),
                _factories.ObjectAttributeFactory.Create(CKA.CKA_VALUE_LEN, KeyBytes),
                Attribute(CKA.CKA_LABEL, Label(ownerId)),
                Attribute(CKA.CKA_TOKEN, true),
                Attribute(CKA.CKA_PRIVATE, true),
                Attribute(CKA.CKA_SENSITIVE, true),
                Attribute(CKA.CKA_EXTRACTABLE, false),
                Attribute(CKA.CKA_ENCRYPT, true),
                Attribute(CKA.CKA_DECRYPT, true),
            ]);
    }

    private IObjectAttribute Attribute(CKA type, string value) => _factories.ObjectAttributeFactory.Create(type, value);

    private IObjectAttribute Attribute(CKA type, bool value) => _factories.ObjectAttributeFactory.Create(type, value);

    private IObjectAttribute Attribute(CKA type, CKO value) => _factories.ObjectAttributeFactory.Create(type, value);

    private static string Label(Guid ownerId) => $"traceability-{ownerId}";
}
