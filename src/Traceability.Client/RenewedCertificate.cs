using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Traceability.Client;

/// <summary>A certificate with its key, whose files are replaced while the process runs.</summary>
/// <param name="certificate">PEM file.</param>
/// <param name="key">PEM file of the key to it.</param>
public sealed class RenewedCertificate(string certificate, string key)
{
    private readonly Lock _loading = new();
    private (DateTime, DateTime) _written;
    private X509Certificate2? _current;

    /// <summary>As the files are now; while one of them is replaced and the other not yet, as they were.</summary>
    /// <exception cref="CryptographicException">They have never been a certificate with its key.</exception>
    public X509Certificate2 Current
    {
        get
        {
            lock (_loading)
            {
                var written = (File.GetLastWriteTimeUtc(certificate), File.GetLastWriteTimeUtc(key));
                if (_current is null || written != _written)
                {
                    _current = Load() ?? _current!;
                    _written = written;
                }

                return _current;
            }
        }
    }

    private X509Certificate2? Load()
    {
        try
        {
            return FederationTrust.LoadCertificate(certificate, key);
        }
        catch (Exception unfit) when (_current is not null && unfit is CryptographicException or IOException
            or ArgumentException)
        {
            return null;
        }
    }
}
