using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Traceability.Client;

namespace Traceability.Local.Federation;

/// <summary>An authority for one machine and the certificates it has signed, as PEM files in a folder.</summary>
public sealed class Certificates
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(90);

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly X509Certificate2 _authority;

    public Certificates(string folder, TimeProvider clock)
    {
        (_folder, _clock) = (folder, clock);
        Directory.CreateDirectory(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Traceability on this machine", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = clock.GetUtcNow();
        _authority = request.CreateSelfSigned(now.AddDays(-1), now + Validity);
        File.WriteAllText(Authority, _authority.ExportCertificatePem());
    }

    public string Authority => Path.Combine(_folder, "ca.crt");

    /// <summary>For both sides of a connection: who serves here also calls.</summary>
    /// <param name="name">Its holder, also the name of its host and of the files.</param>
    /// <param name="operators">For whom it speaks; none: for those who act for no operator.</param>
    public (string Certificate, string Key) Issue(string name, params IEnumerable<Guid> operators)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        operators.ToList().ForEach(id => names.AddUri(ShownCertificate.NameOf(id)));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var now = _clock.GetUtcNow();
        using var certificate = request.Create(
            _authority, now.AddDays(-1), now + Validity - TimeSpan.FromDays(1), RandomNumberGenerator.GetBytes(16));

        var (certificateFile, keyFile) = (Path.Combine(_folder, $"{name}.crt"), Path.Combine(_folder, $"{name}.key"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        SecretFile.Write(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (certificateFile, keyFile);
    }
}

/// <summary>Files that only we can read.</summary>
internal static class SecretFile
{
    public static void Write(string file, string content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(file, options);
        using var writer = new StreamWriter(stream);
        writer.Write(content);
    }
}
