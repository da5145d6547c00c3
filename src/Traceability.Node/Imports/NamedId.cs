using System.Security.Cryptography;
using System.Text;

namespace Traceability.Node.Imports;

/// <summary>Ids that follow from names (RFC 9562, version 5): the same rows again are the same records.</summary>
internal static class NamedId
{
    public static Guid Of(Guid space, string name)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The RFC wants SHA-1; nothing rests on its strength here.
        SHA1.HashData([.. space.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(name)], hash);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new(hash[..16], bigEndian: true);
    }
}
