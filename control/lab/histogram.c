/* SPDX-License-Identifier: BSD-3-Clause */
/* A bin's number holds its octave and the leading bits of its values. */
#include "histogram.h"

uint64_t histogram_value(const struct histogram *h, uint32_t bin)
{
	const uint32_t exact = UINT32_C(2) << HISTOGRAM_BITS;
	uint64_t middle = bin;

	if (bin >= exact) {
		const uint32_t shift = (bin >> HISTOGRAM_BITS) - 1;
		const uint64_t leading = bin - (shift << HISTOGRAM_BITS);

		middle = (leading << shift) + (UINT64_C(1) << shift) / 2;
	}
	return middle < h->max_ns ? middle : h->max_ns;
}

uint64_t histogram_quantile(const struct histogram *h, double fraction)
{
	const double wanted = fraction * (double)h->count;
	uint64_t below = 0;

	for (uint32_t bin = 0; bin < HISTOGRAM_BINS; bin++) {
		below += h->bins[bin];
		if (h->bins[bin] > 0 && (double)below >= wanted)
			return histogram_value(h, bin);
	}
	return h->max_ns;
}
